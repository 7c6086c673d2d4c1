"use strict";

// The page around the images: threshold, filters, figures, keys, light and dark.
{
  const { by, element, filter } = report;
  const THEME = "fcn_detect theme";
  const SHOW = {
    all: "All", found: "With detections", none: "No detections", failed: "Failed", different: "Different",
    repeats: "With repeats", corrected: "Corrected", open: "Not yet looked at",
  };
  const SORT = {
    name: "Name", best: "Best score", uncertain: "Nearest to the threshold", most: "Most detections",
    taken: "Time taken", different: "Most differences",
  };
  let planned = false, spoken = 0, currentlyShown = [];

  const update = () => {
    planned = false;
    const { chosen, counts, boxes } = report.select();
    currentlyShown = chosen;
    report.grid.show(chosen); // first, since it asks for sizes
    for (const [kind, { count }] of Object.entries(kinds)) count.textContent = report.number(counts[kind]);
    by("nothing").hidden = chosen.length > 0 || report.entries.length === 0;
    report.drawFigures(chosen);
    report.viewer.refresh();
    judged();
    clearTimeout(spoken);
    const text = `${report.plural(chosen.length, "image")} of ${report.number(report.entries.length)}, ${report.plural(boxes, "box", "boxes")}`;
    spoken = setTimeout(() => { by("status").textContent = text; }, 150);
  };
  const plan = () => {
    if (!planned) requestAnimationFrame(update);
    planned = true;
  };

  // Threshold -----------------------------------------------------------------------------------

  const setThreshold = (value) => {
    const wanted = Math.max(report.facts.keep, Math.min(1, Number(value)));
    if (Number.isNaN(wanted)) return;
    filter.threshold = Math.round(wanted * 1e6) / 1e6;
    by("threshold").value = filter.threshold;
    if (document.activeElement !== by("threshold-number")) by("threshold-number").value = filter.threshold;
    by("threshold").setAttribute("aria-valuetext", `${filter.threshold}; ${report.costText(filter.threshold)}`);
    by("cost").textContent = report.costText(filter.threshold);
    by("recommended").hidden = filter.threshold === report.facts.threshold;
    plan();
  };
  const stepThreshold = (by_) => setThreshold(Math.round((filter.threshold + by_) * 1000) / 1000);

  by("threshold").addEventListener("input", (event) => setThreshold(event.target.value));
  by("threshold").addEventListener("keydown", (event) => {
    const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    stepThreshold(direction * (event.shiftKey ? 0.001 : 0.01));
  });
  by("threshold-number").addEventListener("input", (event) => { if (event.target.value !== "") setThreshold(event.target.value); });
  by("threshold-number").addEventListener("blur", () => { by("threshold-number").value = filter.threshold; });
  by("recommended").addEventListener("click", () => setThreshold(report.facts.threshold));

  // Filters -------------------------------------------------------------------------------------

  const kinds = {};
  const makeKinds = () => {
    for (const [kind, text] of Object.entries(SHOW)) {
      if (kind === "different" && !report.facts.beside) continue;
      if (kind === "repeats" && !report.facts.spots.length) continue;
      const input = element("input", { type: "radio", name: "show", value: kind });
      input.checked = kind === filter.show;
      input.addEventListener("change", () => { filter.show = kind; plan(); });
      const count = element("span", { class: "number" });
      by("show").append(element("label", {}, input, element("span", {}, text), count));
      kinds[kind] = { input, count };
    }
  };

  const makeLabels = () => {
    by("labels").hidden = report.facts.labels.length < 2;
    report.facts.labels.forEach((label, number) => {
      const input = element("input", { type: "checkbox" });
      input.checked = true;
      input.addEventListener("change", () => {
        filter.hiddenLabels[input.checked ? "delete" : "add"](number);
        plan();
      });
      by("labels").append(element("label", {}, input, element("span", { class: `swatch ${report.colour(number)}` }), element("span", {}, label)));
    });
  };

  report.folders = new Map();
  const makeFolders = () => {
    report.folders.clear();
    for (const { folder } of report.entries) report.folders.set(folder, (report.folders.get(folder) ?? 0) + 1);
    const options = [...report.folders].sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([folder, count]) => element("option", { value: `/${folder}` }, `${folder || "(top folder)"} (${report.number(count)})`));
    by("folder").replaceChildren(element("option", { value: "" }, "All folders"), ...options);
    by("folder").value = filter.folder;
    by("folder").parentElement.hidden = report.folders.size < 2;
  };
  report.chooseFolder = (folder) => {
    filter.folder = filter.folder === `/${folder}` ? "" : `/${folder}`;
    by("folder").value = filter.folder;
    plan();
  };

  const makeSort = () => {
    const options = Object.entries(SORT).filter(([key]) => key !== "different" || report.facts.beside);
    by("sort").replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
    if (report.facts.beside) filter.sort = "different";
    by("sort").value = filter.sort;
  };

  for (const [id, key] of Object.entries({ folder: "folder", sort: "sort", text: "text" })) {
    by(id).addEventListener("input", (event) => { filter[key] = event.target.value; plan(); });
  }
  by("up-to").addEventListener("input", (event) => { filter.upTo = event.target.value === "" ? 1 : Number(event.target.value); plan(); });
  by("hide-repeats").addEventListener("change", (event) => { filter.hideRepeats = event.target.checked; plan(); });
  by("reset").addEventListener("click", () => {
    Object.assign(filter, { upTo: 1, folder: "", text: "", show: "all", hideRepeats: false });
    filter.hiddenLabels.clear();
    Object.assign(by("text"), { value: "" });
    Object.assign(by("up-to"), { value: 1 });
    by("folder").value = "";
    by("hide-repeats").checked = false;
    kinds.all.input.checked = true;
    for (const input of by("labels").querySelectorAll("input")) input.checked = true;
    plan();
  });

  // Corrections ---------------------------------------------------------------------------------

  const judged = () => {
    const { size, canUndo } = report.corrections;
    let right = 0, wrong = 0, missed = 0;
    for (const [, one] of report.corrections.all()) {
      right += one.confirmed.filter(({ score }) => score >= filter.threshold).length;
      wrong += one.wrong.filter(({ score }) => score >= filter.threshold).length;
      missed += one.missed.length;
    }
    const share = right + wrong ? ` (${Math.round((100 * right) / (right + wrong))} %)` : "";
    by("judged").textContent = size
      ? `${report.plural(size, "image")} corrected. Of ${report.plural(right + wrong, "box", "boxes")} judged at this threshold ` +
        `${report.number(right)} ${right === 1 ? "is" : "are"} right${share}; ${report.plural(missed, "object")} missed.`
      : "None yet. Open an image and say what is right, wrong or missed.";
    if (report.cannotKeep) by("judged").append(" This browser keeps nothing: save before you leave.");
    by("save-count").textContent = report.number(size);
    by("save-count").hidden = size === 0;
    by("undo").disabled = !canUndo;
    by("forget").disabled = size === 0;
  };

  const save = () => {
    const text = `${JSON.stringify(report.corrections.content(), null, 1)}\n`;
    const way = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    element("a", { href: way, download: "corrections.json" }).click();
    setTimeout(() => URL.revokeObjectURL(way), 10_000);
  };

  report.corrected = (name) => {
    report.grid.refresh(name);
    plan();
  };
  report.undo = () => {
    const name = report.corrections.undo();
    if (name) by("status").textContent = `undone: ${name}`;
  };
  by("save").addEventListener("click", save);
  by("undo").addEventListener("click", report.undo);
  by("load").addEventListener("click", () => by("load-file").click());
  by("load-file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    target.value = "";
    if (!file) return;
    try {
      const count = report.corrections.load(await file.text());
      by("status").textContent = `corrections of ${report.plural(count, "image")} loaded`;
    } catch (error) {
      window.alert(`${file.name} was not loaded: ${error.message}`);
    }
    report.grid.show(currentlyShown);
    plan();
  });
  by("forget").addEventListener("click", () => {
    if (!window.confirm("Forget all corrections of this run? Save them first to keep them.")) return;
    report.corrections.forget();
    plan();
  });

  // Keys, theme, help ---------------------------------------------------------------------------

  const setTheme = (theme) => { document.documentElement.dataset.theme = theme; };
  const toggleTheme = () => {
    const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
    setTheme(now === "dark" ? "light" : "dark");
    try { localStorage.setItem(THEME, document.documentElement.dataset.theme); } catch { /* not kept */ }
  };
  const togglePanel = () => {
    const open = document.body.classList.toggle("panel-open");
    by("open-panel").setAttribute("aria-expanded", String(open));
  };
  const help = () => by("help").showModal();

  const KEYS = { "[": () => stepThreshold(-0.01), "]": () => stepThreshold(0.01), u: report.undo, t: toggleTheme, s: save, "?": help,
    "/": () => { if (!by("viewer").open) { document.body.classList.add("panel-open"); by("text").focus(); } } };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=radio], [type=checkbox], [type=range]), select, textarea");
    if (event.ctrlKey || event.metaKey || event.altKey || by("help").open) return;
    if (typing && event.key === "Escape") event.target.blur();
    const act = typing ? undefined : KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
  by("theme").addEventListener("click", toggleTheme);
  by("help-open").addEventListener("click", help);
  by("help-close").addEventListener("click", () => by("help").close());
  by("open-panel").addEventListener("click", togglePanel);
  report.coveredTop = () => document.querySelector(".threshold").getBoundingClientRect().bottom * (window.innerWidth < 900) || document.querySelector(".top").offsetHeight;

  // Start ---------------------------------------------------------------------------------------

  const describe = ({ name, images, failed, model, finished, chosen, beside, onlyBeside }) => {
    const which = { sample: "a random sample", best: "the best scores", differences: "the largest differences" }[chosen];
    const parts = [report.plural(images, "image")];
    if (report.facts.shown < images) parts.push(`${report.number(report.facts.shown)} of them here: ${which}`);
    if (failed) parts.push(`${report.number(failed)} failed`);
    if (beside) parts.push(`beside ${beside}`);
    if (onlyBeside) parts.push(`${report.number(onlyBeside)} only there`);
    if (name !== "run") parts.push(`run ${name}`);
    if (model) parts.push(model);
    if (finished) parts.push(finished.slice(0, 10));
    return parts.join(" · ");
  };

  try {
    const theme = localStorage.getItem(THEME);
    if (theme) setTheme(theme);
  } catch { /* a browser that keeps nothing */ }
  by("facts").textContent = describe(report.facts);
  by("recommended").textContent = `back to ${report.facts.threshold}`;
  by("recommended-mark").style.left = `calc(8px + (100% - 16px) * ${report.facts.threshold})`;
  by("recommended-mark").title = `recommended: ${report.facts.threshold}`;
  by("legend").hidden = !report.facts.beside;
  by("legend-here").textContent = `only ${report.facts.name}`;
  by("legend-there").textContent = `only ${report.facts.beside}`;
  by("repeats-field").hidden = report.facts.spots.length === 0;
  makeKinds();
  makeLabels();
  makeSort();
  report.corrections.restore();
  report.viewer.prepare();
  report.arrived = () => { makeFolders(); plan(); };
  setThreshold(report.facts.threshold);
}
