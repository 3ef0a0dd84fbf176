"use strict";
(() => {
  const steps = [...document.querySelectorAll("li.step")];
  const backs = [...document.querySelectorAll(".seq .row-back")];
  const output = document.querySelector("nav output");
  const total = document.querySelector("nav .total");
  let current = -1;

  function select(index, scroll) {
    const next = Math.max(0, Math.min(steps.length - 1, index));
    current = next;
    steps.forEach((step, at) => step.toggleAttribute("data-current", at === next));
    backs.forEach((back, at) => back.toggleAttribute("data-current", at === next));
    output.textContent = steps[next].dataset.step;
    total.textContent = "of " + steps[next].closest(".trace").dataset.steps;
    if (scroll) {
      steps[next].scrollIntoView({ block: "nearest" });
      history.replaceState(null, "", "#" + steps[next].id);
    }
  }

  function fromHash() {
    const index = steps.findIndex((step) => "#" + step.id === location.hash);
    if (index >= 0) select(index, true);
  }

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest && event.target.closest("figure")) return;
    const target = { ArrowRight: current + 1, ArrowLeft: current - 1, j: current + 1, k: current - 1 }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    select(target, true);
  });
  document.querySelectorAll("nav button").forEach((button) => {
    button.addEventListener("click", () => select(current + Number(button.dataset.move), true));
  });
  document.querySelectorAll(".seq [data-step]").forEach((row) => {
    row.addEventListener("click", () => {
      const first = row.closest(".trace").querySelector("li.step");
      select(steps.indexOf(first) + Number(row.dataset.step) - 1, true);
      steps[current].scrollIntoView({ block: "center" });
    });
  });
  steps.forEach((step, at) => step.addEventListener("click", () => select(at, false)));
  addEventListener("hashchange", fromHash);
  select(0, false);
  fromHash();
})();
