// An identity provider for the tests (npm's oidc-provider): who signs in is typed, and the name says what they are.
// Arguments: port, address of the site. The last word of a name is the factor: "lena otp" signs in with one.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [port, site] = process.argv.slice(2);
const people = JSON.parse(process.env.PEOPLE);
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{
    client_id: "covidxray",
    client_secret: "a-secret-of-the-tests-and-of-nothing-else",
    redirect_uris: [`${site}/accounts/sso/return/`],
    post_logout_redirect_uris: [`${site}/accounts/sign-in/`],
    backchannel_logout_uri: `${site}/accounts/sso/back-channel/`,
  }],
  claims: { openid: ["sub", "amr"], profile: ["preferred_username", "given_name", "family_name", "groups", "hospital"], email: ["email"] },
  conformIdTokenClaims: false,
  clientAuthMethods: ["client_secret_post", "client_secret_basic"],
  pkce: { required: () => true },
  cookies: { keys: ["only the tests use this"] },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => { ctx.body = page(`${form}<button form="op.logoutForm" name="logout" value="yes">Leave</button>`); },
    },
  },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (ctx, id) => people[id] && { accountId: id, claims: async () => ({ sub: id, ...people[id] }) },
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid profile email");
    await grant.save();
    return grant;
  },
});

const page = (body) => `<!doctype html><title>Hospital</title>${body}`;

async function login(request, response) {
  if (request.method !== "POST") {
    response.setHeader("Content-Type", "text/html");
    return response.end(page('<form method="post"><label>Name <input name="login"></label><button>Go on</button></form>'));
  }
  let body = "";
  for await (const part of request) body += part;
  const [accountId, factor] = new URLSearchParams(body).get("login").split(" ");
  const amr = factor ? ["pwd", factor] : ["pwd"];
  return provider.interactionFinished(request, response, { login: { accountId, amr } });
}

const callback = provider.callback();
createServer((request, response) => request.url.startsWith("/interaction/") ? login(request, response) : callback(request, response))
  .listen(Number(port), "127.0.0.1", () => console.log("listening"));
