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

/** Make a button. */
export function button(text, act) {
  const made = html("button", { type: "button" }, text);
  made.addEventListener("click", act);
  return made;
}

/** Fill a list with terms and what belongs to each. */
export function facts(list, pairs) {
  const made = pairs.flatMap(([term, text]) => [html("dt", {}, term), html("dd", {}, text)]);
  list.replaceChildren(...made);
}

/** Make a table of numbers with its caption, folded until somebody asks for it. */
export function foldedTable(title) {
  const body = html("tbody");
  const head = html("tr");
  const table = html("table", {}, html("thead", {}, head), body);
  const box = html("div", { tabindex: "0", role: "region", "aria-label": title }, table);
  const folded = html("details", {}, html("summary", {}, title), box);

  function fill(columns, rows) {
    head.replaceChildren(...columns.map((text) => html("th", { scope: "col" }, text)));
    const cells = (row) => row.map((text) => html("td", {}, text));
    body.replaceChildren(...rows.map((row) => html("tr", {}, ...cells(row))));
  }

  return { folded, fill };
}
