// Gathers the pages of the site into one document, for paper. tools/pdf.py calls it.

// An id is unique among all pages when it begins with the name of its own.
function renameIds(name, page) {
  for (const item of page.querySelectorAll("[id]")) item.id = `${name}:${item.id}`;
  for (const attribute of ["aria-labelledby", "aria-describedby", "for"]) {
    for (const item of page.querySelectorAll(`[${attribute}]`)) {
      const ids = item.getAttribute(attribute).split(/\s+/);
      item.setAttribute(attribute, ids.map((id) => `${name}:${id}`).join(" "));
    }
  }
  for (const item of page.querySelectorAll("[marker-end]")) {
    item.setAttribute("marker-end", item.getAttribute("marker-end").replace("#", `#${name}:`));
  }
}

// A link leads to its place in the document, to the site, or nowhere: then it is plain text.
function mendLinks(name, page, names, site) {
  for (const link of page.querySelectorAll("a[href]")) {
    const target = new URL(link.getAttribute("href"), `https://book.invalid/${name}.html`);
    if (target.host !== "book.invalid") continue;
    const page = target.pathname.slice(1).replace(/\.html$/, "");
    const place = decodeURIComponent(target.hash.slice(1));
    if (names.includes(page)) link.setAttribute("href", `#${place ? `${page}:${place}` : page}`);
    else if (site) link.setAttribute("href", site + target.pathname.slice(1) + target.hash);
    else link.replaceWith(...link.childNodes);
  }
  for (const picture of page.querySelectorAll("img")) {
    const source = new URL(picture.getAttribute("src"), `https://book.invalid/${name}.html`);
    picture.setAttribute("src", source.pathname.slice(1));
    picture.removeAttribute("loading");
  }
}

// Answers stand at the end of their page, so that a reader can commit to one first.
function moveAnswers(name, page) {
  const answers = [...page.querySelectorAll(".admonition.dropdown")];
  if (answers.length === 0) return;
  const end = document.createElement("section");
  end.innerHTML = "<h2>Answers and solutions</h2>";
  answers.forEach((answer, number) => {
    const title = answer.querySelector(".admonition-title");
    const [here, there] = [`${name}:asked-${number}`, `${name}:answer-${number}`];
    const place = document.createElement("p");
    place.className = "moved";
    place.innerHTML = `<a id="${here}" href="#${there}">${title.textContent}: at the end of this chapter</a>`;
    answer.replaceWith(place);
    answer.classList.remove("dropdown", "toggle");
    title.innerHTML += ` <a class="back" id="${there}" href="#${here}">back to the question</a>`;
    end.append(answer);
  });
  page.append(end);
}

// The course's parts are headings of the first level: those of a page move down by one.
function lowerHeadings(page) {
  for (const level of [5, 4, 3, 2, 1]) {
    for (const heading of page.querySelectorAll(`h${level}`)) {
      const lower = document.createElement(`h${level + 1}`);
      lower.append(...heading.childNodes);
      heading.replaceWith(lower);
    }
  }
}

function takeIn({ name, html }, names, site) {
  const page = new DOMParser().parseFromString(html, "text/html").querySelector("article > section");
  page.querySelectorAll("details.hide, script, style, .headerlink, .permalink, .claim-filter").forEach((x) => x.remove());
  page.querySelectorAll("details").forEach((fold) => fold.setAttribute("open", ""));
  page.querySelectorAll("a.enlarge").forEach((link) => link.replaceWith(...link.childNodes));
  mendLinks(name, page, names, site);
  renameIds(name, page);
  moveAnswers(name, page);
  lowerHeadings(page);
  page.id = name;
  return page;
}

function gather(parts, site) {
  const names = parts.flatMap((part) => part.pages.map((page) => page.name));
  const contents = document.querySelector(".contents");
  for (const { caption, pages } of parts) {
    const part = document.createElement("article");
    part.className = "bd-article";
    part.innerHTML = `<h1>${caption}</h1>`;
    contents.insertAdjacentHTML("beforeend", `<li>${caption}<ol></ol></li>`);
    for (const page of pages) {
      const taken = takeIn(page, names, site);
      part.append(taken);
      const title = taken.querySelector("h2").textContent;
      const line = `<li><a href="#${page.name}">${title}</a> <span>${page.number ?? ""}</span></li>`;
      contents.lastElementChild.lastElementChild.insertAdjacentHTML("beforeend", line);
    }
    document.body.append(part);
  }
}
