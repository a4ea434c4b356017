// A formula wider than its column scrolls in its own box, which the keyboard can reach.
function columnOf(formula) {
  let block = formula.parentElement;
  while (getComputedStyle(block).display.startsWith("inline")) block = block.parentElement;
  return block.clientWidth;
}

function boxWideFormulas() {
  for (const formula of document.querySelectorAll("mjx-container")) {
    const inline = !formula.hasAttribute("display");
    if (inline) formula.classList.toggle("wide", formula.scrollWidth > columnOf(formula));
    const scrolls = !inline || formula.classList.contains("wide");
    if (scrolls && formula.clientWidth > 0 && formula.scrollWidth > formula.clientWidth) {
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
