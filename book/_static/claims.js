// Filters the rows of a page by source, topic and verdict. The choice stands in the address, so that it can be shared.
const KEYS = ["source", "topic", "verdict"];
const rows = [...document.querySelectorAll(".evidence[data-source]")];
const form = document.createElement("form");
const shown = document.createElement("p");
const words = (name) => name.replaceAll("-", " ");

function choice(key, groups) {
  const label = document.createElement("label");
  const select = document.createElement("select");
  select.name = key;
  label.append(key[0].toUpperCase() + key.slice(1) + " ", select);
  select.append(new Option("all", ""));
  for (const [group, options] of groups) {
    const parent = group ? document.createElement("optgroup") : select;
    if (group) {
      parent.label = words(group);
      select.append(parent);
      parent.append(new Option(`all of ${words(group)}`, group));
    }
    for (const [value, text] of options) parent.append(new Option(text, value));
  }
  return label;
}

function values(key) {
  return [...new Set(rows.map((row) => row.dataset[key]))];
}

function topics() {
  const parts = new Map();
  for (const chapter of values("chapter")) {
    const [part, name] = chapter.split("/");
    parts.set(part, [...(parts.get(part) ?? []), [chapter, words(name)]]);
  }
  return parts;
}

function verdicts() {
  const names = new Map();
  for (const row of rows) {
    names.set(row.dataset.verdict, row.querySelector(".evidence-heading strong").textContent);
  }
  return names;
}

function fits(row) {
  const [source, topic, verdict] = KEYS.map((key) => form.elements[key].value);
  const { chapter } = row.dataset;
  return (
    (!source || row.dataset.source === source) &&
    (!topic || chapter === topic || chapter.startsWith(`${topic}/`)) &&
    (!verdict || row.dataset.verdict === verdict)
  );
}

function filter() {
  for (const row of rows) row.hidden = !fits(row);
  for (const section of document.querySelectorAll("article section section")) {
    section.hidden = !section.querySelector(".evidence:not([hidden])") && isFiltered();
  }
  shown.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} statements`;
}

function isFiltered() {
  return KEYS.some((key) => form.elements[key].value);
}

function remember() {
  const query = new URLSearchParams();
  for (const key of KEYS) if (form.elements[key].value) query.set(key, form.elements[key].value);
  history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
}

function read() {
  const query = new URLSearchParams(location.search);
  for (const key of KEYS) {
    form.elements[key].value = query.get(key) ?? "";
    if (form.elements[key].selectedIndex < 0) form.elements[key].value = "";
  }
}

// A link to a row or a section that is filtered out shows all rows again.
function showTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target?.closest("[hidden]")) return;
  form.reset();
  filter();
  target.scrollIntoView();
}

const plain = (list) => [["", [...list].map((item) => (Array.isArray(item) ? item : [item, item]))]];
const clear = document.createElement("button");
clear.type = "reset";
clear.textContent = "Show all";
form.append(
  choice("source", plain(values("source").sort())),
  choice("topic", topics()),
  choice("verdict", plain(verdicts())),
  clear,
);
form.setAttribute("aria-label", "Choose statements");
shown.setAttribute("role", "status");
document.querySelector(".claim-filter").append(form, shown);
const update = () => (filter(), remember());
form.addEventListener("change", update);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(update));
window.addEventListener("hashchange", showTarget);
read();
filter();
showTarget();
