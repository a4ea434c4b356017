// A formula wider than its column scrolls in its own box, which the keyboard can reach.
function columnOf(formula) {
  let block = formula.parentElement;
  while (getComputedStyle(block).display.startsWith("inline")) block = block.parentElement;
  return block.clientWidth;
}

function boxWideFormulas() {
  for (const formula of document.querySelectorAll("span.math")) {
    const width = formula.firstElementChild.getBoundingClientRect().width;
    formula.classList.toggle("wide", width > columnOf(formula));
  }
  for (const box of document.querySelectorAll("div.math, span.math")) {
    if (box.clientWidth > 0 && box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

window.addEventListener("load", () => {
  if (document.querySelector("math")) new ResizeObserver(boxWideFormulas).observe(document.body);
});

// Paper shows all pictures, also those that the reader has not come to.
window.addEventListener("beforeprint", () => {
  for (const picture of document.querySelectorAll("img[loading]")) picture.loading = "eager";
});
