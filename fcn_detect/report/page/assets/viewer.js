"use strict";

// The large view: an image at a time, its boxes as a list, and what a person says of them.
{
  const { by, element, stage } = report;
  const dialog = by("viewer");
  let list = [], place = 0, drawing = false, heatBefore = 0.6;

  const entry = () => list[place];
  const one = () => report.corrections.of(entry().name);
  const say = (text) => { by("viewer-status").textContent = text; };
  const shown = () => report.shownOf(entry());

  report.openViewer = (entries, at) => {
    list = entries;
    dialog.showModal();
    show(at);
    by("stage").focus();
  };

  const show = (at) => {
    place = Math.max(0, Math.min(list.length - 1, at));
    setDrawing(false);
    const { name, size, taken, picture, failure, heat } = entry();
    by("viewer-name").textContent = name;
    by("viewer-facts").textContent = [`${report.number(place + 1)} of ${report.number(list.length)}`,
      size && `${size[0]} × ${size[1]}`, taken].filter(Boolean).join(" · ");
    by("previous").disabled = place === 0;
    by("next").disabled = place === list.length - 1;
    by("heat-field").hidden = !heat;
    for (const id of ["draw", "all-right", "checked"]) by(id).disabled = Boolean(failure) || !size;
    stage.show(entry());
    refresh();
    for (const next of [list[place + 1], list[place - 1]]) {
      if (picture && next?.picture) new Image().src = report.picture("pictures", next.index);
    }
  };

  const refresh = () => {
    if (!dialog.open || !entry()) return;
    const boxes = shown(), correction = one();
    by("checked").checked = correction.checked;
    by("viewer-undo").disabled = !report.corrections.canUndo;
    by("boxes").replaceChildren(...boxes.map(foundRow));
    const unjudged = boxes.filter((found) => report.corrections.verdict(entry().name, found) === null).length;
    by("unjudged").hidden = !correction.checked || unjudged === 0;
    by("unjudged").textContent = `${report.plural(unjudged, "box is", "boxes are")} not judged and count as wrong in an image ` +
      "looked at wholly. All right confirms the rest.";
    const hidden = entry().found.length - boxes.length;
    by("below").textContent = hidden ? `${report.plural(hidden, "more box", "more boxes")} below the threshold or filtered` : "";
    by("missed").replaceChildren(...correction.missed.map(missedRow));
    by("notes").replaceChildren(...notes());
    stage.redraw();
  };

  const notes = () => {
    const way = report.original(entry());
    const found = (entry().notes ?? []).map((note) => element("p", {}, note));
    if (way) found.push(element("p", {}, element("a", { href: way, target: "_blank", rel: "noopener" }, "Open the photo")));
    return found;
  };

  const row = (reference, ...children) => {
    const { selected } = stage.state;
    const isSelected = selected?.kind === reference.kind && selected.index === reference.index;
    const made = element("li", isSelected ? { class: "selected", "aria-current": "true" } : {}, ...children);
    made.addEventListener("click", (event) => { if (!event.target.closest("button, select")) choose(reference); });
    return made;
  };

  const button = (text, title, pressed, act) => {
    const made = element("button", { type: "button", class: "icon", title, "aria-label": title, "aria-pressed": String(pressed) }, text);
    made.addEventListener("click", act);
    return made;
  };

  const foundRow = (found) => {
    const index = entry().found.indexOf(found), verdict = report.corrections.verdict(entry().name, found);
    const label = report.facts.labels[found.label], named = `${label} ${found.score.toFixed(3)}`;
    const choice = element("button", { type: "button", class: "box-name" },
      element("span", { class: `swatch ${report.colour(found.label)}` }), element("span", { class: "label" }, label),
      element("span", { class: "score" }, found.score.toFixed(3)));
    choice.addEventListener("click", () => choose({ kind: "found", index }));
    const repeat = found.spot < 0 ? [] : [element("span", { class: "badge", title: repeatText(found.spot) }, "repeat")];
    const made = row({ kind: "found", index }, choice, ...repeat,
      button("✓", `Right: ${named}`, verdict === "confirmed", () => judge(index, "confirmed")),
      button("✗", `Wrong: ${named}`, verdict === "wrong", () => judge(index, "wrong")));
    made.classList.add(...(verdict ? [verdict] : []));
    return made;
  };

  const repeatText = (spot) => {
    const images = report.facts.spots[spot].at(-1);
    return `detected at this spot of this folder in ${report.plural(images, "image")}`;
  };

  const missedRow = ({ label, box }, index) => {
    const size = box.map(Math.round);
    const choice = element("button", { type: "button", class: "box-name" }, element("span", { class: "swatch missed" }),
      element("span", { class: "label" }, label), element("span", { class: "score" }, `${size[2] - size[0]}×${size[3] - size[1]}`));
    choice.addEventListener("click", () => choose({ kind: "missed", index }));
    return row({ kind: "missed", index }, choice, button("×", `Remove the missed ${label}`, false, () => remove(index)));
  };

  const choose = (reference) => {
    stage.select(reference);
    refresh();
    dialog.querySelector(".boxes .selected")?.scrollIntoView({ block: "nearest" });
  };

  const judge = (index, verdict) => {
    stage.select({ kind: "found", index });
    report.corrections.judge(entry().name, entry().found[index], verdict);
    say(report.corrections.verdict(entry().name, entry().found[index]) ?? "not judged");
  };

  const remove = (index) => {
    stage.select(null);
    report.corrections.setMissed(entry().name, one().missed.filter((_, i) => i !== index));
    say("removed");
  };

  const setDrawing = (on) => {
    drawing = on && !by("draw").disabled;
    report.gestures.setDrawing(drawing);
    by("draw").setAttribute("aria-pressed", String(drawing));
    by("draw-hint").hidden = !drawing;
  };

  const addMissed = (box) => {
    const missed = [...one().missed, { label: by("draw-label").value, box }];
    setDrawing(false);
    report.corrections.setMissed(entry().name, missed);
    choose({ kind: "missed", index: missed.length - 1 });
    say("marked a missed object");
  };

  const setBox = (index, box) =>
    report.corrections.setMissed(entry().name, one().missed.map((other, i) => (i === index ? { ...other, box } : other)));

  const step = (by_) => {
    const boxes = shown().map((found) => entry().found.indexOf(found)), { selected } = stage.state;
    if (!boxes.length) return;
    const at = selected?.kind === "found" ? boxes.indexOf(selected.index) + by_ : by_ > 0 ? 0 : -1;
    const index = boxes[(at + boxes.length) % boxes.length];
    choose({ kind: "found", index });
    const { label, score } = entry().found[index];
    say(`${report.facts.labels[label]} ${score.toFixed(3)}`);
  };

  const allRight = () => {
    report.corrections.confirmAll(entry().name, shown());
    say("all boxes confirmed, looked at wholly");
  };

  const toggleHeat = () => {
    const now = Number(by("heat").value);
    if (now) heatBefore = now;
    setHeat(now ? 0 : heatBefore);
  };
  const setHeat = (value) => {
    by("heat").value = value;
    stage.state.heat = Number(value);
    stage.redraw();
  };

  const judgeSelected = (verdict) => {
    const { selected } = stage.state;
    if (selected?.kind === "found") judge(selected.index, verdict);
  };
  const check = () => { if (!by("checked").disabled) report.corrections.check(entry().name, !one().checked); };
  const removeSelected = () => { if (stage.state.selected?.kind === "missed") remove(stage.state.selected.index); };

  const KEYS = {
    ArrowLeft: () => show(place - 1), ArrowRight: () => show(place + 1),
    "+": () => stage.zoom(1.4), "=": () => stage.zoom(1.4), "-": () => stage.zoom(1 / 1.4),
    0: () => { if (stage.state.entry) stage.fit(); },
    h: () => { if (entry().heat) toggleHeat(); },
    j: () => step(1), k: () => step(-1), y: () => judgeSelected("confirmed"), n: () => judgeSelected("wrong"),
    m: () => setDrawing(!drawing), a: () => { if (!by("all-right").disabled) allRight(); }, c: check,
    Delete: removeSelected, Backspace: removeSelected,
  };

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  dialog.addEventListener("keydown", (event) => {
    const { selected } = stage.state, typing = event.target.matches("select, input[type=range]");
    if (event.key === "Escape" && drawing) {
      event.preventDefault(); // stay in the large view
      setDrawing(false);
    } else if (event.key === "Enter" && drawing && event.target.id !== "draw") {
      event.preventDefault();
      addMissed(stage.middleBox());
    } else if (event.altKey && selected?.kind === "missed" && event.key in ARROWS) {
      event.preventDefault();
      setBox(selected.index, report.gestures.nudge(one().missed[selected.index].box, ARROWS[event.key], event.shiftKey));
    } else if (!event.ctrlKey && !event.metaKey && !event.altKey && !typing) {
      const act = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
      if (act) event.preventDefault();
      act?.();
    }
  });
  dialog.addEventListener("cancel", (event) => { if (drawing) event.preventDefault(); });
  dialog.addEventListener("close", () => {
    stage.hide();
    if (entry()) report.grid.focusEntry(entry());
  });

  for (const [id, act] of Object.entries({
    previous: KEYS.ArrowLeft, next: KEYS.ArrowRight, "zoom-in": KEYS["+"], "zoom-out": KEYS["-"], "zoom-fit": KEYS[0],
    close: () => dialog.close(), draw: KEYS.m, "all-right": allRight, "viewer-undo": () => report.undo(),
  })) by(id).addEventListener("click", act);
  by("checked").addEventListener("change", check);
  by("heat").addEventListener("input", () => setHeat(by("heat").value));

  report.zoomed = (scale) => { by("zoom-value").textContent = `${Math.round(scale * 100)} %`; };
  report.chosen = choose;
  report.drawn = addMissed;
  report.reshaped = setBox;
  report.viewer = {
    refresh,
    prepare() {
      by("draw-label").replaceChildren(...report.facts.labels.map((label) => element("option", { value: label }, label)));
    },
  };
}
