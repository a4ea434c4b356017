// The order and the look of what Sphinx's search finds. A page that readers know by the words of
// the query comes first; a chapter comes before a page of reference. PAGES is search-texts.js.
const AHEAD = { chapters: 20, "book/glossary": -20, "book/api": -20, genindex: -40 };
const EXCERPT = 220;

function american(query) {
  return query.replace(/isation/gi, "ization").replace(/\b(initial|normal|regular)is(e[ds]?|ing)\b/gi, "$1iz$2");
}

function stems(words) {
  return Search._parseQuery(words)[1];
}

// How much of a page's name and of the query is the same: 100 for all, 0 where one has a rest.
function likeness(name, wanted) {
  const known = stems(name);
  const shared = [...wanted].filter((word) => known.has(word)).length;
  const whole = shared > 0 && (shared === known.size || shared === wanted.size);
  return whole ? (100 * shared) / Math.max(known.size, wanted.size) : 0;
}

function named(wanted) {
  return Object.entries(PAGES).map(([page, { title, names }]) => {
    const score = Math.max(0, ...names.map((name) => likeness(name, wanted)));
    return { page, title, anchor: "", note: null, score };
  });
}

function ahead(page) {
  return AHEAD[page] ?? AHEAD[page.split("/")[0]] ?? 0;
}

// The best place of each page, and each function of the reference, in order.
function ranked(query) {
  const parsed = Search._parseQuery(query);
  const found = Search._performSearch(...parsed).map(([page, title, anchor, note, score]) => ({
    page, title: anchor ? title : PAGES[page].title, anchor, note, score,
  }));
  const best = new Map();
  for (const place of [...named(parsed[1]), ...found]) {
    if (!(place.score > 0)) continue;
    place.score += ahead(place.page);
    const key = place.note ? place.page + place.anchor : place.page;
    if (!best.has(key) || best.get(key).score < place.score) best.set(key, place);
  }
  return [...best.values()].sort((a, b) => b.score - a.score || a.title.localeCompare(b.title));
}

function excerpt(page, words) {
  const text = PAGES[page]?.text ?? "";
  const places = [words.join(" "), ...words].map((part) => text.toLowerCase().indexOf(part));
  const middle = places.find((place) => place >= 0) ?? 0;
  const start = middle < 60 ? 0 : text.indexOf(" ", middle - 60) + 1;
  const end = text.length > start + EXCERPT ? text.lastIndexOf(" ", start + EXCERPT) : text.length;
  return (start ? "… " : "") + text.slice(start, end) + (end < text.length ? " …" : "");
}

function item({ page, title, anchor, note }, words) {
  const row = document.createElement("li");
  const link = document.createElement("a");
  link.href = `${document.documentElement.dataset.content_root}${page}.html${anchor}`;
  link.innerHTML = title;
  const context = document.createElement("p");
  context.className = "context";
  context.textContent = note ?? excerpt(page, words);
  row.append(link, context);
  return row;
}

Search.query = (query) => {
  const asked = american(query);
  const places = ranked(asked);
  const words = [...Search._parseQuery(asked)[3]];
  Search.output.append(...places.map((place) => item(place, words)));
  Search.stopPulse();
  Search.title.innerText = "Search results";
  Search.status.innerText = places.length
    ? `${places.length} ${places.length === 1 ? "place" : "places"} found.`
    : "Nothing found. Are all words spelled as on these pages? Fewer words find more.";
};
