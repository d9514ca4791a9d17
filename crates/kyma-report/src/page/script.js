"use strict";
// Charts share their time: what is pointed at or picked in one, all show. Values are read from what is drawn.
(() => {
  const charts = [...document.querySelectorAll("#charts figure")].map((figure) => {
    const svg = figure.querySelector(".chart");
    if (!svg) return null;
    const plot = svg.querySelector(".plot");
    const curves = [...plot.querySelectorAll(".curve")].map((curve) =>
      curve.getAttribute("d").slice(1).split("L").map((point) => point.split(" ").map(Number)));
    return {
      svg, plot, curves, unit: figure.dataset.unit, top: Number(svg.dataset.top), height: plot.viewBox.baseVal.height,
      now: [...figure.querySelectorAll("tbody tr:not(.elsewhere) .now")], head: figure.querySelector("thead .now"),
      ticks: [...svg.querySelectorAll(".ticks text")],
    };
  }).filter(Boolean);
  if (charts.length === 0) return;
  const whole = charts[0].plot.viewBox.baseVal.width;
  const button = document.getElementById("whole");
  let from = 0, to = whole;

  const digits = (value) => value === 0 ? "0" : String(Number(value.toPrecision(3)));
  const steps = (value, sizes, behind) => {
    const [size, name] = sizes.find(([size]) => Math.abs(value) >= size) || [1, ""];
    return `${digits(value / size)} ${name}${behind}`;
  };
  const bytes = [[2 ** 30, "Gi"], [2 ** 20, "Mi"], [2 ** 10, "Ki"]];
  const show = (value, unit) => {
    switch (unit) {
      case "seconds": return value === 0 ? "0" : value < 0.001 ? `${digits(value * 1e6)} µs` : value < 1 ? `${digits(value * 1e3)} ms` : `${digits(value)} s`;
      case "bytes": return steps(value, bytes, "B");
      case "bytes-per-second": return steps(value, bytes, "B/s");
      case "per-second": return value < 1e4 ? `${digits(value)}/s` : `${digits(value / 1e3)}k/s`;
      case "count": return value < 1e4 ? digits(value) : `${digits(value / 1e3)}k`;
      default: return digits(value);
    }
  };

  // The last point that is not after a time: a value holds until the next one.
  const at = (curve, time) => {
    let low = 0, high = curve.length - 1;
    if (curve.length === 0 || curve[0][0] > time) return null;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (curve[middle][0] <= time) low = middle; else high = middle - 1;
    }
    return curve[low][1];
  };

  const timeOf = (chart, event) => {
    const box = chart.plot.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return from + share * (to - from);
  };

  const element = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const point = (time) => {
    for (const chart of charts) {
      chart.cursor?.remove();
      chart.cursor = time === null ? null : chart.plot.appendChild(
        element("path", { class: "cursor", d: `M${time} 0V${chart.height}` }));
      chart.head.textContent = time === null ? "" : `${digits(time)} s`;
      chart.now.forEach((cell, index) => {
        const y = time === null ? null : at(chart.curves[index], time);
        cell.textContent = y === null ? "" : show(Math.max(0, (chart.height - y) / chart.height * chart.top), chart.unit);
      });
    }
  };

  const zoom = (begin, end) => {
    [from, to] = [begin, end];
    button.hidden = begin === 0 && end === whole;
    for (const chart of charts) {
      chart.plot.setAttribute("viewBox", `${from} 0 ${to - from} ${chart.height}`);
      chart.ticks.forEach((tick, index) => {
        tick.textContent = `${digits(from + (to - from) * index / (chart.ticks.length - 1))} s`;
      });
    }
  };

  for (const chart of charts) {
    let start = null, picked = null;
    const pick = (time) => {
      picked?.remove();
      picked = chart.plot.appendChild(element("rect", {
        class: "picked", x: Math.min(start, time), y: 0, width: Math.abs(time - start), height: chart.height }));
    };
    chart.svg.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && event.pointerType === "mouse") start = timeOf(chart, event);
    });
    chart.svg.addEventListener("pointermove", (event) => {
      const time = timeOf(chart, event);
      point(time);
      if (start !== null) pick(time);
    });
    chart.svg.addEventListener("pointerleave", () => point(null));
    window.addEventListener("pointerup", (event) => {
      if (start === null) return;
      const [begin, end] = [start, timeOf(chart, event)].sort((a, b) => a - b);
      [start, picked] = [null, picked?.remove()];
      if (end - begin > (to - from) / 100) zoom(begin, end);
    });
    chart.svg.addEventListener("dblclick", () => zoom(0, whole));
  }
  button.addEventListener("click", () => zoom(0, whole));
})();
