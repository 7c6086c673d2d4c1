"use strict";

// Figures of the images that the filters leave: scores, hours, folders; and what a threshold costs.
{
  const BINS = 50;
  const MOST_FOLDERS = 8;

  report.drawFigures = (chosen) => {
    const bins = new Array(BINS).fill(0), hours = new Array(24).fill(0), folders = new Map();
    let timed = 0;
    for (const entry of chosen) {
      for (const found of entry.found) {
        if (report.counts(found)) bins[Math.min(BINS - 1, Math.floor(found.score * BINS))] += 1;
      }
      if (entry.hour !== null) {
        hours[entry.hour] += entry.count;
        timed += 1;
      }
      folders.set(entry.folder, (folders.get(entry.folder) ?? 0) + entry.count);
    }
    drawHistogram(bins);
    drawHours(hours, timed);
    drawFolders([...folders].sort((a, b) => b[1] - a[1]));
  };

  // Roots of the counts: the many low scores would flatten all others.
  const drawHistogram = (bins) => {
    const drawn = report.by("histogram"), most = Math.sqrt(Math.max(1, ...bins));
    const first = Math.floor(report.filter.threshold * BINS + 1e-9);
    drawn.setAttribute("viewBox", `0 0 ${BINS} 1`);
    const above = bins.slice(first).reduce((sum, count) => sum + count, 0);
    drawn.setAttribute("aria-label",
      `Histogram of scores: ${report.plural(above, "box", "boxes")} near or above the threshold`);
    drawn.replaceChildren(...bins.map((count, i) => report.svg("rect", {
      class: i >= first ? "bar shown" : "bar", x: i + 0.1, width: 0.8,
      y: 1 - Math.sqrt(count) / most, height: Math.sqrt(count) / most,
    })));
  };

  const drawHours = (hours, timed) => {
    report.by("hours-figure").hidden = !report.entries.some((entry) => entry.hour !== null);
    const drawn = report.by("hours"), most = Math.max(1, ...hours);
    const busiest = hours.indexOf(Math.max(...hours));
    drawn.setAttribute("viewBox", "0 0 24 10");
    drawn.setAttribute("preserveAspectRatio", "none");
    drawn.setAttribute("aria-label", `Detections by hour of day, of ${report.plural(timed, "image")} ` +
      `with a time; most at ${busiest} o'clock, ${report.number(hours[busiest])}`);
    drawn.replaceChildren(...hours.map((count, hour) => report.svg("rect", {
      class: "bar shown", x: hour + 0.1, width: 0.8, y: 10 - (10 * count) / most,
      height: (10 * count) / most,
    }, report.svg("title", {}, `${hour}:00–${hour}:59: ${report.number(count)}`))));
  };

  const drawFolders = (folders) => {
    const several = report.folders.size > 1;
    report.by("cameras-figure").hidden = !several;
    if (!several) return;
    const most = Math.max(1, folders[0]?.[1] ?? 0);
    const rows = folders.slice(0, MOST_FOLDERS).map(([folder, count]) => {
      const bar = report.element("span", { class: "fill" });
      bar.style.width = `${(100 * count) / most}%`;
      const row = report.element("button", { type: "button", class: "bar-row" }, bar,
        report.element("span", { class: "bar-name" }, folder || "(top folder)"),
        report.element("span", { class: "bar-count" }, report.number(count)));
      row.addEventListener("click", () => report.chooseFolder(folder));
      return row;
    });
    if (folders.length > MOST_FOLDERS) {
      rows.push(report.element("p", { class: "muted" }, `and ${folders.length - MOST_FOLDERS} more`));
    }
    report.by("cameras").replaceChildren(...rows);
  };

  // False alarms expected in one image, and whether that is a bound: [number, "", "<" or ">"].
  report.falseAlarms = (threshold) => {
    const { falseAlarms: table, windowsPerImage } = report.facts;
    if (!table.length || !windowsPerImage) return null;
    const each = (rate) => (rate * windowsPerImage) / 1e6;
    if (threshold > table[0][1]) return [each(table[0][0]), "<"];
    const last = table.at(-1);
    if (threshold < last[1]) return [each(last[0]), ">"];
    const i = table.findIndex(([, score]) => score <= threshold);
    if (i === 0 || table[i][1] === table[i - 1][1]) return [each(table[i][0]), ""];
    const share = (table[i - 1][1] - threshold) / (table[i - 1][1] - table[i][1]);
    const log = Math.log(table[i - 1][0]) * (1 - share) + Math.log(table[i][0]) * share;
    return [each(Math.exp(log)), ""];
  };

  report.costText = (threshold) => {
    const expected = report.falseAlarms(threshold);
    if (!expected) return "How many false alarms to expect is not known: the model has no counts of photos without objects.";
    const [count, bound] = expected;
    const about = { "<": "fewer than ", ">": "more than ", "": "about " }[bound];
    const text = count >= 0.95
      ? `${about}${count < 9.5 ? count.toFixed(1) : report.number(Math.round(count))} false alarms an image`
      : `${about}1 false alarm in ${report.number(Math.round(1 / count))} images`;
    return `Expect ${text}, as counted when the model was trained.`;
  };
}
