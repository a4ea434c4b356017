// A formula wider than its column scrolls in its own box, which the keyboard can reach. So does code.
const BOXES = "pre, .math, .cell_output > .output, .pst-scrollable-table-container";

function columnOf(formula) {
  let block = formula.parentElement;
  while (getComputedStyle(block).display.startsWith("inline")) block = block.parentElement;
  return block.clientWidth;
}

function isTooWide(box) {
  if (!box.matches("span.math")) return box.clientWidth > 0 && box.scrollWidth > box.clientWidth;
  return box.firstElementChild.getBoundingClientRect().width > columnOf(box);
}

// A section that is far away is not laid out, and its boxes are left as the page was written: what
// may be too wide for a phone is a stop. All boxes are measured before any is changed, or the
// browser would lay the page out for each.
function mindBoxes(isMeant) {
  const boxes = [...document.querySelectorAll(`article :is(${BOXES})`)].filter(isMeant);
  const wide = new Set(boxes.filter(isTooWide));
  for (const box of boxes) {
    if (box.matches("span.math")) box.classList.toggle("wide", wide.has(box));
    if (wide.has(box)) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

// Of a box that is not laid out itself, what it holds says so.
const isLaidOut = (box) =>
  (box.firstElementChild ?? box).checkVisibility({ contentVisibilityAuto: true });

window.addEventListener("load", () => {
  new ResizeObserver(() => mindBoxes(isLaidOut)).observe(document.body);
});

// Links, buttons and folds of a kind are one stop of the Tab key; arrow keys lead from one to the next.
const KINDS = [
  "nav.bd-links :is(summary, a)",
  "nav.page-toc a",
  "button.copybtn",
  "a.enlarge",
  ".evidence a.permalink",
  ".evidence summary",
  "details.hide > summary",
];
const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

function visible(kind) {
  return [...document.querySelectorAll(kind)].filter((item) => item.checkVisibility());
}

function leaveOneStop(items) {
  const stop = items.find((item) => item === document.activeElement)
    ?? items.find((item) => item.classList.contains("shared-stop") || item.matches(".current"))
    ?? items[0];
  for (const item of items) {
    item.tabIndex = item === stop ? 0 : -1;
    item.classList.toggle("shared-stop", item === stop);
  }
}

let minded = false;

window.addEventListener("keydown", (event) => {
  if (event.key === "Tab" && !minded) {
    minded = true;
    mindBoxes(() => true);
  }
  if (event.key === "Tab") {
    for (const kind of KINDS) leaveOneStop(visible(kind));
    return;
  }
  const kind = KINDS.find((kind) => event.target.matches(kind));
  if (!kind || !(event.key in STEPS)) return;
  event.preventDefault();
  const items = visible(kind);
  const next = items.indexOf(event.target) + STEPS[event.key];
  items[Math.min(Math.max(next, 0), items.length - 1)].focus();
  leaveOneStop(items);
});

// Paper shows all pictures, also those that the reader has not come to.
window.addEventListener("beforeprint", () => {
  for (const picture of document.querySelectorAll("img[loading]")) picture.loading = "eager";
});
