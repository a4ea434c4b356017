// A formula wider than its column scrolls in its own box, which the keyboard can reach.
function boxWideFormulas() {
  for (const formula of document.querySelectorAll("mjx-container")) {
    const column = formula.parentElement.clientWidth || formula.parentElement.parentElement.clientWidth;
    const inline = !formula.hasAttribute("display");
    formula.classList.toggle("wide", inline && formula.scrollWidth > column);
    if (formula.scrollWidth > formula.clientWidth && formula.clientWidth > 0) {
      formula.tabIndex = 0;
    } else {
      formula.removeAttribute("tabindex");
    }
  }
}

window.addEventListener("load", async () => {
  if (!window.MathJax) return;
  await MathJax.startup.promise;
  boxWideFormulas();
  new ResizeObserver(boxWideFormulas).observe(document.querySelector("article"));
});
