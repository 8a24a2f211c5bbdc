// Navigation and search, from the index of pages (index.js): [file, title, group, short title, places], where a place is
// [words, id], or an id alone. "/" goes to the search box.
const make = (name, text, fields) => Object.assign(document.createElement(name), { textContent: text }, fields);

function navigation() {
  const nav = document.querySelector("nav"), here = location.pathname.split("/").pop().replace(/\.html$/, "") || "index";
  for (const group of ["Guides", "Methods", "Reference", "Data"]) {
    const list = make("ul", "");
    nav.append(make("h2", group), list);
    for (const [file, , its, short] of pages) {
      if (its !== group) continue;
      const item = make("li", ""), link = make("a", short.replaceAll("_", "_\u200b"), { href: file + ".html" });
      if (file === here) link.setAttribute("aria-current", "page");
      item.append(link);
      list.append(item);
    }
  }
  // Scrolls the list, not the page, to the current page's link.
  const current = nav.querySelector("[aria-current]");
  if (current) nav.scrollTop = current.offsetTop - nav.clientHeight / 2;
}

const box = document.getElementById("search"), found = document.getElementById("found");
let rows, chosen = -1; // rows: [words, where, address], made at the first search

function all() {
  return rows ??= pages.flatMap(([file, title, group, , places]) => [[title, group, file + ".html"],
    ...places.map(place => typeof place === "string" ? [place, place] : place)
      .map(([words, id]) => [words, title, file + ".html#" + id])]);
}

// A lower rank is better; undefined: a word is missing.
function rank([what, where], words) {
  const name = what.toLowerCase(), whole = name + " " + where.toLowerCase(), text = words.join(" ");
  if (!words.every(word => whole.includes(word))) return;
  return (name === text ? 0 : name.startsWith(text) ? 1 : name.includes(text) ? 2 : 3) + name.length / 1000;
}

function search() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  found.replaceChildren();
  chosen = -1;
  if (!words.length) return;
  const best = all().map(row => [rank(row, words), row]).filter(([r]) => r !== undefined).sort((a, b) => a[0] - b[0]).slice(0, 20);
  for (const [, [what, where, address]] of best) {
    const item = make("li", ""), link = make("a", what, { href: address });
    link.append(make("small", where));
    item.append(link);
    found.append(item);
  }
  if (!best.length) found.append(make("li", "Nothing found.", { className: "none" }));
}

function choose(step) {
  const links = found.querySelectorAll("a");
  if (!links.length) return;
  chosen = (chosen + step + links.length) % links.length;
  links.forEach((link, i) => link.classList.toggle("chosen", i === chosen));
  links[chosen].scrollIntoView({ block: "nearest" });
}

function clear() {
  box.value = "";
  search();
}

const keys = {
  ArrowDown: () => choose(1), ArrowUp: () => choose(-1), Escape: () => { clear(); box.blur(); },
  Enter: () => found.querySelectorAll("a")[Math.max(chosen, 0)]?.click(),
};
box.addEventListener("input", search);
box.addEventListener("keydown", event => {
  if (!keys[event.key]) return;
  keys[event.key]();
  event.preventDefault();
});
found.addEventListener("click", event => { if (event.target.closest("a")) setTimeout(clear); });
document.addEventListener("keydown", event => {
  if (event.key !== "/" || document.activeElement === box) return;
  event.preventDefault();
  box.focus();
});

// On a narrow screen a table's row is shown as a card, so each cell names its column. A cell with an id links to itself.
for (const table of document.querySelectorAll("table")) {
  const names = [...table.querySelectorAll("th")].map(cell => cell.textContent);
  for (const row of table.tBodies[0]?.rows ?? []) {
    [...row.cells].forEach((cell, i) => { if (names[i]) cell.dataset.label = names[i]; });
  }
}
for (const cell of document.querySelectorAll("td[id]")) {
  const link = make("a", "", { className: "self", href: "#" + cell.id });
  link.append(...cell.childNodes);
  cell.append(link);
}

navigation();

// index.html?q=insufficient balance
box.value = new URLSearchParams(location.search).get("q") ?? "";
search();
