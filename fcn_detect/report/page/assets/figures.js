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

  // The bars of a figure, made once, as tall as some shares of its height.
  const drawBars = (drawn, shares, height, isShown) => {
    while (drawn.childElementCount < shares.length) {
      drawn.append(report.svg("rect", { x: drawn.childElementCount + 0.1, width: 0.8 }));
    }
    shares.forEach((share, i) => {
      const bar = drawn.children[i];
      bar.setAttribute("class", isShown(i) ? "bar shown" : "bar");
      bar.setAttribute("y", height * (1 - share));
      bar.setAttribute("height", height * share);
    });
  };

  // Roots of the counts: the many low scores would flatten all others.
  const drawHistogram = (bins) => {
    const drawn = report.by("histogram"), most = Math.sqrt(Math.max(1, ...bins));
    const first = Math.floor(report.filter.threshold * BINS + 1e-9);
    drawn.setAttribute("viewBox", `0 0 ${BINS} 1`);
    const above = bins.slice(first).reduce((sum, count) => sum + count, 0);
    drawn.setAttribute("aria-label",
      `Histogram of scores: ${report.plural(above, "box", "boxes")} near or above the threshold`);
    drawBars(drawn, bins.map((count) => Math.sqrt(count) / most), 1, (i) => i >= first);
  };

  const drawHours = (hours, timed) => {
    const known = report.entries.some((entry) => entry.hour !== null);
    report.by("hours-figure").hidden = !known;
    if (!known) return;
    const drawn = report.by("hours"), most = Math.max(1, ...hours);
    const busiest = hours.indexOf(Math.max(...hours));
    drawn.setAttribute("viewBox", "0 0 24 10");
    drawn.setAttribute("preserveAspectRatio", "none");
    drawn.setAttribute("aria-label", `Detections by hour of day, of ${report.plural(timed, "image")} ` +
      `with a time; most at ${busiest} o'clock, ${report.number(hours[busiest])}`);
    drawBars(drawn, hours.map((count) => count / most), 10, () => true);
    hours.forEach((count, hour) => {
      drawn.children[hour].replaceChildren(report.svg("title", {}, `${hour}:00–${hour}:59: ${report.number(count)}`));
    });
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

  // False alarms in one image: [expected, least, most], as far as their count in photos without
  // objects says so at 95 %; null where there is no count.
  report.falseAlarms = (threshold) => {
    const { falseAlarms: rows, windowsPerImage } = report.facts;
    if (!rows.length || !windowsPerImage) return null;
    const [none, ...counted] = rows; // of each: a score, and rates per million windows
    const each = (row) => row.slice(1).map((rate) => (rate * windowsPerImage) / 1e6);
    if (threshold > counted[0][0]) return each(none);
    const at = counted.findIndex(([score]) => score <= threshold);
    if (at < 0) return [...each(counted.at(-1)).slice(0, 2), Infinity];
    const [before, here] = [counted[Math.max(0, at - 1)], counted[at]];
    const share = at ? (before[0] - threshold) / (before[0] - here[0]) : 1;
    return each(before.map((rate, i) => Math.exp(Math.log(rate) * (1 - share) + Math.log(here[i]) * share)));
  };

  const often = (count) => {
    if (count < 0.5) return `1 in ${report.plural(Math.round(1 / count), "image")}`;
    return `${count < 9.5 ? count.toFixed(1) : report.number(Math.round(count))} an image`;
  };

  report.costText = (threshold) => {
    const counted = report.falseAlarms(threshold);
    if (!counted) return "How many false alarms to expect is not known: the model has no counts of photos without objects.";
    const [expected, least, most] = counted;
    if (!expected) return `False alarms: none scored so high in training, so at most ${often(most)} (95\u00a0%).`;
    if (most === Infinity) return `False alarms: more than ${often(expected)}.`;
    return `False alarms: about ${often(expected)}, as counted in training (95\u00a0%: ${often(least)} to ${often(most)}).`;
  };
}
