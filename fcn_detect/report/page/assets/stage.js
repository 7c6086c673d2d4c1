"use strict";

// One image, large: photo, heat map and boxes at any zoom. Beside another run there are two panes
// that move together.
{
  const LARGEST_SCALE = 32, PADDING = 12, HANDLE = 5, CHARACTER = 7;
  const area = report.by("stage");
  const view = { scale: 1, x: 0, y: 0 }; // screen pixels of an image pixel; the image's corner
  const state = { entry: null, selected: null, preview: null, heat: 0 };
  let panes = [];

  const round = (value) => Math.round(value * 100) / 100;
  const clip = (value, most) => Math.max(0, Math.min(most, value));

  const makePane = (entry, there) => {
    const photo = report.element("img", { class: "photo", alt: "", draggable: "false" });
    const warmth = report.element("img", { class: "warmth", alt: "", draggable: "false" });
    const marks = report.svg("svg", { class: "marks", "aria-hidden": "true" });
    const pane = report.element("div", { class: "pane" }, photo, warmth, marks);
    if (entry.beside) {
      pane.append(report.element("span", { class: "pane-name" }, there ? report.facts.beside : report.facts.name));
    }
    photo.hidden = !entry.picture;
    if (entry.picture) photo.src = report.picture("pictures", entry.index);
    warmth.hidden = !entry.heat || there;
    if (!warmth.hidden) warmth.src = report.picture("heat", entry.index);
    return { pane, photo, warmth, marks, there };
  };

  const paneSize = () => [panes[0].pane.clientWidth, panes[0].pane.clientHeight];

  const fitScale = () => {
    const [width, height] = paneSize(), [imageWidth, imageHeight] = state.entry.size;
    return Math.max(1e-3, Math.min((width - PADDING) / imageWidth, (height - PADDING) / imageHeight));
  };

  const fit = () => {
    const [width, height] = paneSize(), [imageWidth, imageHeight] = state.entry.size;
    view.scale = fitScale();
    view.x = (width - imageWidth * view.scale) / 2;
    view.y = (height - imageHeight * view.scale) / 2;
    redraw();
  };

  const zoomAt = (factor, [x, y]) => {
    const scale = Math.max(fitScale() / 2, Math.min(LARGEST_SCALE, view.scale * factor));
    view.x = x - ((x - view.x) * scale) / view.scale;
    view.y = y - ((y - view.y) * scale) / view.scale;
    view.scale = scale;
    redraw();
    sharpen();
  };

  // Where the picture has too few pixels: the photo itself, if it is still where it was.
  const sharpen = () => {
    const { entry } = state, { photo } = panes[0], way = report.original(entry);
    const [width, height] = entry.size, has = photo.naturalWidth;
    const suffices = has >= width || width * view.scale * window.devicePixelRatio < 1.3 * has;
    if (!way || entry.tried || !has || suffices) return;
    entry.tried = true;
    const original = new Image();
    original.addEventListener("load", () => {
      const alike = Math.abs((original.naturalWidth * height) / (original.naturalHeight * width) - 1) < 0.01;
      if (state.entry === entry && alike) for (const one of panes) one.photo.src = way;
    });
    original.src = way;
  };

  const toScreen = ([x0, y0, x1, y1]) => ({
    x: x0 * view.scale + view.x, y: y0 * view.scale + view.y,
    width: (x1 - x0) * view.scale, height: (y1 - y0) * view.scale,
  });

  const isSelected = ({ kind, index }) => state.selected?.kind === kind && state.selected.index === index;

  // A box with the longest of some texts that is no wider; a selected box has the longest.
  const mark = (style, box, texts, reference) => {
    const at = toScreen(box);
    const group = report.svg("g", { class: `mark ${style}` },
      report.svg("rect", { class: "halo", ...at }), report.svg("rect", { class: `box ${style}`, ...at }));
    const selected = Boolean(reference && isSelected(reference));
    group.classList.toggle("selected", selected);
    const text = texts.find((one) => selected || one.length * CHARACTER <= at.width);
    if (text) {
      const y = at.y > 20 ? at.y - 5 : at.y + at.height + 14;
      group.append(report.svg("text", { class: "tag", x: at.x + 1, y }, text));
    }
    group.reference = reference;
    return group;
  };

  const HANDLES = [["nw", 0, 0], ["n", 0.5, 0], ["ne", 1, 0], ["e", 1, 0.5], ["se", 1, 1], ["s", 0.5, 1], ["sw", 0, 1], ["w", 0, 0.5]];

  const handles = (box) => {
    const { x, y, width, height } = toScreen(box);
    return HANDLES.map(([name, across, down]) => {
      const at = { x: x + across * width - HANDLE, y: y + down * height - HANDLE };
      const handle = report.svg("rect", { class: `handle ${name}`, ...at, width: 2 * HANDLE, height: 2 * HANDLE });
      handle.handle = name;
      return handle;
    });
  };

  const SIGNS = { confirmed: "✓ ", wrong: "✗ " };
  const areaOf = ({ box: [x0, y0, x1, y1] }) => (x1 - x0) * (y1 - y0);

  // The small boxes come last, on top, where a pointer reaches them.
  const drawFound = ({ there }) => {
    const { entry } = state;
    const found = there ? report.besideOf(entry) : report.shownOf(entry);
    return found.sort((a, b) => areaOf(b) - areaOf(a)).map((one) => {
      const sign = there ? "" : SIGNS[report.corrections.verdict(entry.name, one)] ?? "";
      const score = `${sign}${one.score.toFixed(2)}`, whole = `${sign}${report.facts.labels[one.label]} ${one.score.toFixed(2)}`;
      const reference = there ? null : { kind: "found", index: entry.found.indexOf(one) };
      return mark(report.styleOf(entry, one, there), one.box, [whole, score, sign.trim()], reference);
    });
  };

  const drawMissed = () => {
    const marks = [], { preview } = state;
    report.corrections.of(state.entry.name).missed.forEach(({ label, box }, index) => {
      const at = preview?.index === index ? preview.box : box;
      marks.push(mark("missed", at, [`missed: ${label}`, "missed"], { kind: "missed", index }));
      if (isSelected({ kind: "missed", index })) marks.push(...handles(at));
    });
    if (preview && preview.index === undefined) marks.push(mark("missed", preview.box, [], null));
    return marks;
  };

  const redraw = () => {
    const { entry, heat } = state;
    if (!entry) return;
    for (const one of panes) {
      for (const image of [one.photo, one.warmth]) {
        image.style.width = `${entry.size[0] * view.scale}px`;
        image.style.height = `${entry.size[1] * view.scale}px`;
        image.style.transform = `translate(${view.x}px, ${view.y}px)`;
      }
      one.photo.classList.toggle("pixels", view.scale > 6);
      one.warmth.style.opacity = heat;
      one.marks.replaceChildren(...drawFound(one), ...drawMissed());
    }
    report.zoomed(view.scale);
  };

  const showReason = (entry) => {
    const [kind, message] = entry.failure ?? ["no picture", entry.notes?.at(-1) ?? ""];
    area.append(report.element("p", { class: "failure large" },
      report.element("b", {}, kind.replaceAll("_", " ")), report.element("span", {}, message)));
  };

  // A box inside the image, with two decimals as in the results.
  const inside = ([x0, y0, x1, y1]) => {
    const [width, height] = state.entry.size;
    return [clip(x0, width), clip(y0, height), clip(x1, width), clip(y1, height)].map(round);
  };

  // As tall as the middle one of the boxes shown, in the proportion of the model's object box.
  const boxAround = ([x, y]) => {
    const heights = report.shownOf(state.entry).map(({ box }) => box[3] - box[1]).sort((a, b) => a - b);
    const height = heights[Math.floor(heights.length / 2)] ?? state.entry.size[1] * 0.2;
    const width = height * report.facts.aspect;
    return inside([x - width / 2, y - height / 2, x + width / 2, y + height / 2]);
  };

  const toImage = ([x, y]) => [(x - view.x) / view.scale, (y - view.y) / view.scale];

  report.stage = {
    area, view, state, redraw, fit, fitScale, zoomAt, inside, boxAround, toImage, paneSize,
    show(entry) {
      Object.assign(state, { entry: entry.size && !entry.failure ? entry : null, selected: null, preview: null });
      area.classList.toggle("two", Boolean(entry.beside));
      panes = state.entry ? [makePane(entry, false), ...(entry.beside ? [makePane(entry, true)] : [])] : [];
      area.replaceChildren(...panes.map(({ pane }) => pane));
      if (!entry.picture) showReason(entry);
      if (state.entry) fit();
    },
    hide() { state.entry = null; },
    select(reference) { state.selected = reference; redraw(); },
    zoom(factor) { if (state.entry) zoomAt(factor, paneSize().map((side) => side / 2)); },
    middleBox: () => boxAround(toImage(paneSize().map((side) => side / 2))),
  };
  report.zoomed = () => {};
  new ResizeObserver(() => { if (state.entry) fit(); }).observe(area);
}
