// The heat map over the radiograph: switched and faded. Without this script both pictures stand side by side.
"use strict";

(() => {
  const part = (name) => document.querySelector(`[data-${name}]`);
  const heatMap = part("heat-map");
  const shown = part("shown");
  const strength = part("strength");

  const show = () => {
    heatMap.hidden = !shown.checked;
    heatMap.style.opacity = strength.value / 100;
    strength.disabled = !shown.checked;
    part("strength-text").textContent = `${strength.value} %`;
  };

  shown.addEventListener("change", show);
  strength.addEventListener("input", show);
  part("controls").hidden = false;
  show();
})();
