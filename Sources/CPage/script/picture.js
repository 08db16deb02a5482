// The image files of a chart: SVG, and PNG of it.
const Picture = (() => {
  const { NAMESPACE, fill, make, add } = Chart;
  // The properties of the axes that the page's style sets.
  const STYLES = "fill fill-opacity stroke stroke-width paint-order font-size font-family text-anchor".split(" ");

  // A canvas context that writes what is drawn as paths of SVG.
  class Recorder {
    constructor(parent) {
      Object.assign(this, { parent, path: "", lineWidth: 1, globalAlpha: 1, clips: 0, clipping: null });
    }
    beginPath() { this.path = ""; }
    // A place far beyond the picture would be a number that no reader of SVG takes.
    static at(place) { return Chart.clamp(place, -1e5, 1e5).toFixed(1); }
    moveTo(x, y) { this.path += `M${Recorder.at(x)} ${Recorder.at(y)}`; }
    lineTo(x, y) { this.path += `${this.path ? "L" : "M"}${Recorder.at(x)} ${Recorder.at(y)}`; }
    fillRect(x, y, width, height) {
      this.beginPath();
      this.rect(x, y, width, height);
      this.fill();
    }
    rect(x, y, width, height) { this.path += `M${x} ${y}h${width}v${height}h${-width}z`; }
    arc(x, y, r) { this.path += `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`; }
    setLineDash(dash) { this.dash = dash.join(" ") || null; }
    save() {}
    restore() { this.clipping = null; }
    clip() {
      const id = `clip${(this.clips += 1)}`;
      add(add(this.parent, "clipPath", { id }), "path", { d: this.path });
      this.clipping = `url(#${id})`;
    }
    put(attributes) {
      const { path: d, globalAlpha: opacity, clipping } = this;
      if (d) add(this.parent, "path", { d, opacity, "clip-path": clipping, ...attributes });
    }
    stroke() {
      const { strokeStyle: stroke, lineWidth, dash } = this;
      this.put({ fill: "none", stroke, "stroke-width": lineWidth, "stroke-dasharray": dash });
    }
    fill() { this.put({ fill: this.fillStyle }); }
  }

  // Returns the text of an SVG file, with the styles that the page gives to the axes.
  const vector = (figure) => {
    const drawing = document.createElementNS(NAMESPACE, "g");
    figure.render(new Recorder(drawing), true);
    const copy = figure.svg.cloneNode(true);
    const nodes = copy.querySelectorAll("*");
    figure.svg.querySelectorAll("*").forEach((node, index) => {
      const style = getComputedStyle(node);
      for (const key of STYLES) nodes[index].setAttribute(key, style[key]);
    });
    const { width, height } = figure;
    if (figure.options.isAxisAbove) copy.prepend(drawing);
    else copy.append(drawing);
    copy.prepend(add(copy, "rect", { width, height, fill: Chart.theme().surface }));
    fill(copy, { xmlns: NAMESPACE, width, height }, []);
    figure.draw();
    return new XMLSerializer().serializeToString(copy);
  };
  const save = (blob, file) => {
    const href = URL.createObjectURL(blob);
    make("a", { href, download: file }).click();
    setTimeout(() => URL.revokeObjectURL(href), 1000);
  };
  const saveSVG = (figure) => save(new Blob([vector(figure)], { type: "image/svg+xml" }), `${figure.options.name}.svg`);
  const savePNG = async (figure) => {
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(vector(figure))}`;
    await image.decode();
    const canvas = make("canvas", { width: figure.width * 2, height: figure.height * 2 });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(blob, `${figure.options.name}.png`));
  };

  return { saveSVG, savePNG };
})();
