// The description of the API, drawn by Swagger UI from the schema that stands in the page.
"use strict";

SwaggerUIBundle({
  domNode: document.getElementById("swagger-ui"),
  spec: JSON.parse(document.getElementById("schema").textContent),
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  validatorUrl: null,
  deepLinking: false,
  persistAuthorization: false,
  // The browser would send the cookie of the page: the API looks at none, and none is sent.
  requestInterceptor: (request) => ({ ...request, credentials: "omit" }),
});
