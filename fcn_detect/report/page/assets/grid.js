"use strict";

// The thumbnails: only those near the window are there, so that the number of images does not
// matter.
{
  const CAPTION = 46, ROWS_AHEAD = 2;
  const area = report.by("grid");
  const cards = new Map(); // place -> element
  let chosen = [], columns = 1, rowHeight = 1, focused = 0, planned = false;

  const layout = () => {
    const gap = parseFloat(getComputedStyle(area).columnGap) || 12;
    const least = area.clientWidth < 560 ? 150 : 216;
    columns = Math.max(1, Math.floor((area.clientWidth + gap) / (least + gap)));
    const width = (area.clientWidth - gap * (columns - 1)) / columns;
    rowHeight = Math.round(width * 0.75 + CAPTION + gap);
    area.style.height = `${Math.max(0, Math.ceil(chosen.length / columns) * rowHeight - gap)}px`;
    return { gap, width };
  };

  const render = () => {
    planned = false;
    const top = -area.getBoundingClientRect().top; // read before anything is written: no second layout
    const { gap, width } = layout();
    const first = Math.max(0, Math.floor(top / rowHeight) - ROWS_AHEAD) * columns;
    const rows = Math.ceil(window.innerHeight / rowHeight) + 1 + 2 * ROWS_AHEAD;
    const last = Math.min(chosen.length, first + rows * columns);
    for (const [place, card] of cards) {
      const leaves = place < first || place >= last;
      if (chosen[place] !== card.entry || (leaves && card !== document.activeElement)) {
        card.remove();
        cards.delete(place);
      }
    }
    for (let place = first; place < last; place += 1) {
      let card = cards.get(place);
      if (!card) {
        card = make(chosen[place]);
        cards.set(place, card);
        area.append(card);
      }
      position(card, place, width, gap);
    }
  };

  const position = (card, place, width, gap) => {
    const column = place % columns, row = Math.floor(place / columns);
    card.style.width = `${width}px`;
    card.style.height = `${rowHeight - gap}px`;
    card.style.transform = `translate(${column * (width + gap)}px, ${row * rowHeight}px)`;
    card.setAttribute("aria-setsize", chosen.length);
    card.setAttribute("aria-posinset", place + 1);
    card.button.tabIndex = place === focused ? 0 : -1;
  };

  const make = (entry) => {
    const frame = report.element("span", { class: "frame" });
    const button = report.element("button", { type: "button", class: "card-button" }, frame,
      report.element("span", { class: "caption" }));
    const card = report.element("div", { class: "card", role: "listitem" }, button);
    Object.assign(card, { entry, button, frame });
    if (entry.picture) {
      const image = report.element("img", { src: report.picture("thumbnails", entry.index), alt: "", decoding: "async", draggable: "false" });
      frame.append(image);
    } else {
      const [kind, message] = entry.failure ?? ["no picture", entry.notes?.at(-1) ?? ""];
      frame.append(report.element("span", { class: "failure" },
        report.element("b", {}, kind.replaceAll("_", " ")), report.element("span", {}, message)));
    }
    button.addEventListener("click", () => report.openViewer(chosen, chosen.indexOf(entry)));
    button.addEventListener("focus", () => { focused = chosen.indexOf(entry); });
    refresh(card);
    return card;
  };

  // The parts of a card that the threshold and corrections change, where they did: most steps of
  // the slider leave most cards as they are.
  const refresh = (card) => {
    const { entry, frame, button } = card;
    const paths = entry.size && !entry.failure ? report.paths(entry) : new Map();
    const one = report.corrections.of(entry.name), facts = factsOf(entry);
    const marked = one.confirmed.length + one.wrong.length + one.missed.length;
    const state = [...paths, facts, one.checked, marked].join();
    if (card.state === state) return;
    card.state = state;
    frame.querySelector("svg")?.remove();
    if (paths.size) frame.append(report.overlay(entry, paths));
    card.classList.toggle("checked", one.checked);
    const badges = [];
    if (one.checked) badges.push(report.element("span", { class: "badge ok", title: "looked at wholly" }, "✓"));
    if (marked) badges.push(report.element("span", { class: "badge", title: "corrections" }, String(marked)));
    button.lastChild.replaceChildren(
      report.element("span", { class: "name", title: entry.name }, entry.short), ...badges,
      report.element("span", { class: "folder" }, entry.folder),
      report.element("span", { class: "facts" }, facts));
    button.setAttribute("aria-label", `${entry.name}, ${entry.failure ? `failed: ${entry.failure[0]}` : facts}` +
      `${one.checked ? ", looked at wholly" : ""}${marked ? `, ${report.plural(marked, "correction")}` : ""}`);
  };

  const factsOf = (entry) => {
    if (entry.failure) return "failed";
    if (entry.beside) {
      const [here, there] = report.differences(entry);
      const parts = [here && `${here} only here`, there && `${there} only there`].filter(Boolean);
      return parts.join(", ") || "same";
    }
    return entry.count ? `${entry.count} · ${entry.best.toFixed(2)}` : "none";
  };

  const plan = () => {
    if (!planned) requestAnimationFrame(render);
    planned = true;
  };

  const focusOn = (place) => {
    focused = Math.max(0, Math.min(chosen.length - 1, place));
    const top = area.getBoundingClientRect().top + window.scrollY + Math.floor(focused / columns) * rowHeight;
    const covered = report.coveredTop();
    if (top - covered < window.scrollY) window.scrollTo({ top: top - covered - 8 });
    else if (top + rowHeight > window.scrollY + window.innerHeight) {
      window.scrollTo({ top: top + rowHeight - window.innerHeight + 8 });
    }
    render();
    cards.get(focused)?.button.focus({ preventScroll: true });
  };

  const STEPS = { ArrowRight: () => 1, ArrowLeft: () => -1, ArrowDown: () => columns, ArrowUp: () => -columns,
    Home: () => -Infinity, End: () => Infinity };

  area.addEventListener("keydown", (event) => {
    if (!(event.key in STEPS) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    focusOn(focused + STEPS[event.key]());
  });
  window.addEventListener("scroll", plan, { passive: true });
  new ResizeObserver(plan).observe(area);

  report.grid = {
    // Other images, or the same ones with other boxes.
    show(entries) {
      const before = chosen[focused];
      chosen = entries;
      focused = Math.max(0, before ? chosen.indexOf(before) : 0);
      for (const [place, card] of cards) {
        if (chosen[place] === card.entry) refresh(card);
      }
      render();
    },
    refresh(name) {
      for (const card of cards.values()) if (card.entry.name === name) refresh(card);
    },
    focusEntry(entry) {
      const place = chosen.indexOf(entry);
      if (place >= 0) focusOn(place); // else a filter has left it out meanwhile
    },
  };
}
