// Elements of a page, made in one call.

const SVG = "http://www.w3.org/2000/svg";

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Make an HTML element. */
export function html(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Make an SVG element. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** Give an SVG element these children, each a tag, its attributes and its text. Elements that are
 * there are changed where they differ, which costs the browser less than new ones. */
export function renew(parent, wanted) {
  wanted.forEach(([tag, attributes, text = ""], i) => {
    let element = parent.childNodes[i];
    if (element?.localName !== tag) {
      const made = svg(tag);
      if (element) element.replaceWith(made);
      else parent.append(made);
      element = made;
    }
    for (const [name, value] of Object.entries(attributes)) {
      if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
    }
    if (element.textContent !== String(text)) element.textContent = text;
  });
  while (parent.childNodes.length > wanted.length) parent.lastChild.remove();
}

/** Make a button. */
export function button(text, act) {
  const made = html("button", { type: "button" }, text);
  made.addEventListener("click", act);
  return made;
}

/** Make a remark below a figure. */
export function note(...sentences) {
  return html("p", { class: "explorer-note" }, sentences.join(" "));
}

/** Fill a list with terms and what belongs to each. */
export function facts(list, pairs) {
  const made = pairs.flatMap(([term, text]) => [html("dt", {}, term), html("dd", {}, text)]);
  list.replaceChildren(...made);
}

/** Make a table that is folded until somebody asks for it; "rows" gives its rows of texts, and
 * fill brings it up to date. */
export function foldedTable(title, columns, rows) {
  const cells = (tag, texts) => html("tr", {}, ...texts.map((text) => html(tag, {}, text)));
  const body = html("tbody");
  const table = html("table", {}, html("thead", {}, cells("th", columns)), body);
  const area = html("div", { tabindex: "0", role: "region", "aria-label": title }, table);
  const box = html("details", {}, html("summary", {}, title), area);

  function fill() {
    if (box.open) body.replaceChildren(...rows().map((texts) => cells("td", texts)));
  }

  box.addEventListener("toggle", fill);
  return { box, fill };
}

/** Call a function whenever the page turns dark or light: a canvas must be painted again. */
export function onTheme(act) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", act);
  const watched = { attributes: true, attributeFilter: ["data-theme"] };
  new MutationObserver(act).observe(document.documentElement, watched);
}

const NEAR = { rootMargin: "0px 0px 400px" }; // what stands above grows, and would push the page

/** Call a function with true when an element comes near the window, and with false when it
 * leaves. */
export function watchSight(element, act) {
  new IntersectionObserver((seen) => act(seen.at(-1).isIntersecting), NEAR).observe(element);
}
