// The arithmetic of learning curves: averages, reduction to what a screen can show, bands of groups, the nearest line.
const Lines = (() => {
  // The number of values from which the range of an axis is estimated.
  const MAX_SAMPLES = 6000;

  // Returns whether a value has a place on the axis.
  const isShown = (value, isLog) => value === value && (!isLog || value > 0);

  // Returns an exponential moving average without the bias of its start. Weights decrease per epoch and not per value,
  // so that curves of different intervals are equally smooth. On a log axis it is the mean of the logarithms.
  const smoothed = ({ x, y }, weight, isLog) => {
    if (!(weight > 0) || y.filter((value) => isShown(value, isLog)).length < 3) return y;
    return Chart.remember(y, "smoothed", `${weight} ${isLog}`, () => {
      let [mean, sum, last] = [0, 0, 0];
      return y.map((value, index) => {
        if (!isShown(value, isLog)) return value;
        sum = sum * weight ** (x[index] - last) + 1;
        last = x[index];
        // Two products, because the difference of two finite doubles may be infinite.
        mean = mean * (1 - 1 / sum) + (isLog ? Math.log(value) : value) / sum;
        return isLog ? Math.exp(mean) : mean;
      });
    });
  };

  // Returns a line in pixels: the least and the greatest value of each bucket of `step` pixels. A gap is nan.
  const path = (x, y, scales, step) => Chart.remember(y, step, scales.key, () => {
    const { atX, atY, isLog, width } = scales;
    const isPlain = x.length <= (2 * width) / step;
    const [xs, ys] = [[], []];
    let [bucket, low, high, lowX, highX] = [NaN, -1, -1, 0, 0];
    const put = (index, place) => {
      xs.push(place);
      ys.push(atY(y[index]));
    };
    const flush = () => {
      if (low < 0) return;
      if (low <= high) put(low, lowX);
      if (low !== high) put(high, highX);
      if (low > high) put(low, lowX);
      low = high = -1;
    };
    for (let i = 0; i < x.length; i += 1) {
      const value = y[i];
      const place = atX(x[i]);
      const key = isPlain ? i : Math.floor(place / step);
      const isGap = value !== value || (isLog && value <= 0);
      if (key !== bucket || isGap) flush();
      bucket = key;
      if (isGap) {
        xs.push(place);
        ys.push(NaN);
      } else if (low < 0) {
        low = high = i;
        lowX = highX = place;
      } else if (value < y[low]) {
        low = i;
        lowX = place;
      } else if (value > y[high]) {
        high = i;
        highX = place;
      }
    }
    flush();
    return { xs, ys };
  });

  // Returns the height of the last value that is not after a position, or of the first value.
  const before = ({ xs, ys }, x) => {
    const isValue = (y) => y === y;
    return ys.findLast((y, i) => isValue(y) && xs[i] <= x) ?? ys.find(isValue);
  };

  // Adds a line to the path of a context. A value between two gaps is a short dash.
  const trace = (context, { xs, ys }, shift = 0) => {
    for (let i = 0, isOpen = false; i < xs.length; i += 1) {
      const y = ys[i] + shift;
      if (y === y && isOpen) context.lineTo(xs[i] + shift, y);
      else if (y === y) {
        const half = ys[i + 1] === ys[i + 1] && i + 1 < xs.length ? 0 : 1.5;
        context.moveTo(xs[i] + shift - half, y);
        if (half) context.lineTo(xs[i] + half, y);
      }
      isOpen = y === y;
    }
  };

  // Returns the value of a line at an epoch: its own, or one on the straight between two of its values; nan where it has a gap or
  // no values.
  const valueAt = ({ x, y }, epoch) => {
    const after = search(x, epoch);
    if (x[after] === epoch) return y[after];
    if (after === 0 || after === x.length) return NaN;
    const part = (epoch - x[after - 1]) / (x[after] - x[after - 1]);
    return y[after - 1] + part * (y[after] - y[after - 1]);
  };

  // Returns the mean of lines {x, y} and a band, at the epochs that at least half of the members of the group have. A mean of fewer
  // lines than before begins after a gap, because the step between the two is none of a training.
  const band = (lines, isStandardDeviation, members) => {
    const epochs = [...new Set(lines.flatMap((line) => [...line.x]))].sort((a, b) => a - b);
    const result = { x: [], y: [], low: [], high: [], count: 0 };
    const put = (...values) => ["x", "y", "low", "high"].forEach((key, index) => result[key].push(values[index]));
    for (const epoch of epochs) {
      const list = lines.map((line) => valueAt(line, epoch)).filter((value) => value === value);
      if (list.length < Math.max(members / 2, 1)) continue;
      if (list.length < result.count) put((result.x.at(-1) + epoch) / 2, NaN, NaN, NaN);
      result.count = list.length;
      const mean = list.reduce((sum, value) => sum + value / list.length, 0);
      const variance = list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(list.length - 1, 1);
      const half = Math.sqrt(variance);
      if (isStandardDeviation) put(epoch, mean, mean - half, mean + half);
      else put(epoch, mean, Math.min(...list), Math.max(...list));
    }
    return result;
  };

  // Fills the band of each part of a mean without a gap. A part of one epoch is a bar.
  const fillBand = (context, { x, low, high }, { atX, atY, isLog }, bottom, fillStyle) => {
    const place = (value) => (isShown(value, isLog) ? atY(value) : bottom);
    Object.assign(context, { fillStyle, globalAlpha: 0.15 });
    for (let start = 0, end = 0; start < x.length; start = end + 1) {
      end = start;
      if (low[start] !== low[start]) continue;
      while (low[end + 1] === low[end + 1] && end + 1 < x.length) end += 1;
      if (start === end) context.fillRect(atX(x[start]) - 3, place(high[start]), 6, place(low[start]) - place(high[start]));
      context.beginPath();
      for (let i = start; i <= end; i += 1) context.lineTo(atX(x[i]), place(high[i]));
      for (let i = end; i >= start; i -= 1) context.lineTo(atX(x[i]), place(low[i]));
      context.fill();
    }
  };

  // Returns the first position in an ascending list that is not below a value.
  const search = (list, value) => {
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  // Returns the row of the line {row, xs, ys} that is nearest to a position, or -1. The last of equal ones wins.
  const nearest = (lines, x, y, reach = 20) => {
    let [best, found] = [reach * reach, -1];
    for (const { row, xs, ys } of lines) {
      const end = search(xs, x + reach);
      for (let i = Math.max(search(xs, x - reach) - 1, 0); i <= end && i < xs.length; i += 1) {
        const isSegment = i + 1 < xs.length && ys[i + 1] === ys[i + 1];
        const dx = isSegment ? xs[i + 1] - xs[i] : 0;
        const dy = isSegment ? ys[i + 1] - ys[i] : 0;
        const part = Math.min(Math.max(((x - xs[i]) * dx + (y - ys[i]) * dy) / (dx * dx + dy * dy || 1), 0), 1);
        const distance = (xs[i] + part * dx - x) ** 2 + (ys[i] + part * dy - y) ** 2;
        if (distance <= best) {
          best = distance;
          found = row;
        }
      }
    }
    return found;
  };

  // Returns the part of a line {x, y, marks} from an epoch to another one, with other values that belong to it.
  const part = ({ x, y: raw, marks }, y, from, to) => {
    if (from === -Infinity && to === Infinity) return { x, y, raw, marks };
    const start = search(x, from);
    const end = search(x, to);
    const cut = (values) => values.slice(start, x[end] === to ? end + 1 : end);
    const shown = cut(y);
    const inside = marks.filter(([epoch]) => epoch >= from && epoch <= to);
    return { x: cut(x), y: shown, raw: y === raw ? shown : cut(raw), marks: inside };
  };

  // Returns the ranges of the axes of lines. The first 5 % of all epochs do not decide, because their values are often far off.
  const extents = (lines, isLogX, isLogY, isWhole) => {
    let [first, last, low, high, count] = [Infinity, -Infinity, Infinity, -Infinity, 0];
    for (const { x } of lines) {
      first = Math.min(first, (isLogX ? x.find((epoch) => epoch > 0) : x[0]) ?? Infinity);
      last = Math.max(last, x[x.length - 1] ?? -Infinity);
      count += x.length;
    }
    const start = first + (isWhole ? (last - first) * 0.05 : 0);
    const stride = Math.ceil(count / MAX_SAMPLES);
    const samples = [];
    for (const line of lines) {
      for (const [place, values] of [line.y, line.low ?? [], line.high ?? []].entries()) {
        for (let i = 0; i < values.length; i += 1) {
          const value = values[i];
          if (!isShown(value, isLogY)) continue;
          if (value < low) low = value;
          if (value > high) high = value;
          if (place === 0 && i % stride === 0 && line.x[i] >= start) samples.push(value);
        }
      }
    }
    if (low > high || first > last) return null;
    const y = Chart.range([...samples, high], { isLog: isLogY, low, high });
    const text = ` Not all values from ${Format.short(low)} to ${Format.short(high)} are on the axis.`;
    return { x: { low: first, high: last, isInteger: true }, y, note: y.low > low || y.high < high ? text : "" };
  };

  return { isShown, smoothed, part, extents, path, before, trace, band, fillBand, search, nearest };
})();
