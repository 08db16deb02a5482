// One column of the experiments. `numbers` has nan for a missing value and for a text that is no number.
class Column {
  static #SPECIAL = { nan: NaN, NaN, inf: Infinity, Infinity, "-inf": -Infinity, "-Infinity": -Infinity };

  // Returns the number of a stored text, or nan: in the grammar of JSON, and not finite in the forms above.
  static numberOf(text) {
    if (Object.hasOwn(Column.#SPECIAL, text)) return Column.#SPECIAL[text];
    const isNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text);
    return isNumber && Number.isFinite(Number(text)) ? Number(text) : NaN;
  }
  // Returns a value of the data as a stored text; null for an absent one.
  static textOf(value) {
    return typeof value === "number" ? Format.text(value) : value === null ? null : String(value);
  }

  constructor({ name, kind, scale, values }, count) {
    this.name = name;
    this.kind = kind;
    this.label = kind === "attribute" ? name : name.slice(name.indexOf(".") + 1);
    this.scale = scale ?? "linear";
    this.values = values;
    this.numbers = new Float64Array(count).fill(NaN);
    this.refresh();
  }

  text(row) {
    const { numbers, texts, words, index } = this.values;
    if (numbers) return Column.textOf(numbers[row] ?? null);
    if (texts) return texts[row] ?? null;
    const place = index[row] ?? null;
    return place === null ? null : words[place];
  }

  has(row) {
    return this.text(row) !== null;
  }

  // True if the stored text is a number, also nan.
  isNumberAt(row) {
    const text = this.text(row);
    return text !== null && (!Number.isNaN(this.numbers[row]) || Object.hasOwn(Column.#SPECIAL, text));
  }

  // Reads the values again after a change.
  refresh() {
    this.isStale = false;
    const seen = new Set();
    let present = 0;
    let numeric = 0;
    // A null is an absent value, as in all orders.
    let nulls = 0;
    for (let row = 0; row < this.numbers.length; row += 1) {
      // Not the text of a number, which costs more than all the rest.
      const stored = this.values.numbers ? this.values.numbers[row] ?? null : this.text(row);
      // A word that reads as a number has quotes: "64".
      const plain = typeof stored === "string" ? stored.replace(/^"(.*)"$/, "$1") : stored;
      this.numbers[row] = typeof plain === "number" ? plain : Column.numberOf(plain);
      if (stored === null) continue;
      present += 1;
      if (!Number.isNaN(this.numbers[row]) || Object.hasOwn(Column.#SPECIAL, plain)) numeric += 1;
      else if (stored === "null") nulls += 1;
      if (seen.size < 1000) seen.add(stored);
    }
    this.present = present;
    this.distinct = seen.size;
    this.isNumeric = numeric + nulls === present && (numeric > 0 || (present === 0 && this.kind === "max"));
    this.isConstant = seen.size <= 1 && present === this.numbers.length;
  }

  // Sets a value. `refresh` has to follow.
  set(row, value) {
    if (this.text(row) === Column.textOf(value)) return;
    this.isStale = true;
    const { numbers, texts, words, index } = this.values;
    if (numbers && typeof value === "string" && !Object.hasOwn(Column.#SPECIAL, value)) {
      this.values = { texts: Array.from(numbers, (number) => Column.textOf(number ?? null)) };
      this.values.texts[row] = value;
    } else if (numbers || texts) {
      (numbers ?? texts)[row] = numbers ? value : Column.textOf(value);
    } else {
      const place = value === null ? null : words.indexOf(Column.textOf(value));
      index[row] = place === -1 ? words.push(Column.textOf(value)) - 1 : place;
    }
  }

  // Makes place for more rows.
  grow(count) {
    if (count === this.numbers.length) return;
    this.numbers = new Float64Array(count);
    this.isStale = true;
  }
}
