// The names of fields in filters.
const Names = (() => {
  const { fail, isName, pairs, printable, quoted } = Lexer;
  // The kinds of logged fields by their prefixes, in the order in which messages name them.
  const KINDS = pairs("param.,a parameter,max.,a channel,meta.,metadata", ",");
  // The types of the fields that every experiment has.
  const ATTRIBUTES = pairs("id words battery words status status started times updated times seen times duration spans "
    + "age spans idle spans epochs numbers epoch numbers seed numbers host words version numbers rank numbers "
    + "reason words pid numbers attempt numbers nonfinite numbers");
  const ALIASES = pairs("run_id id runid id experiment id experiment_id id trial_id id hash id state status "
    + "start_time started starttime started created started created_at started createdat started end_time updated "
    + "endtime updated last_seen seen hostname host runtime duration max.epoch epoch updated_at updated "
    + "updatedat updated heartbeat_at seen heartbeatat seen _runtime duration summary._runtime duration "
    + "summary_metrics._runtime duration _timestamp updated summary._timestamp updated "
    + "summary_metrics._timestamp updated");
  // The prefixes of this and other programs.
  const PREFIXES = new Map(Object.entries({
    "param.": "param params parameter parameters config hparams hyperparameters run.hparams run.config run.params",
    "max.": "max metric metrics summary summary_metrics summarymetrics run.metrics run.summary",
    "meta.": "meta tag tags run.tags",
    "": "attribute attributes attr hypero run",
  }).flatMap(([kind, names]) => names.split(" ").map((name) => [name, kind])));
  const KEYWORDS = "and or not in between like ilike is where".split(" ");
  const MAX_SHORT = 4;

  // Returns a name with its quotes if a filter does not take it for a name without them.
  const word = (name) => (
    isName(name) && name && !KEYWORDS.includes(name.toLowerCase()) && !Literals.number(name) && !Literals.time(name)
      ? name : quoted(name, "`"));
  const shown = (name) => (isName(name) ? name : `\`${name}\``);

  // Splits a name after a known prefix, the longest one first; undefined if it has none.
  const split = (name) => {
    const dots = [...name.matchAll(/\./g)].slice(0, 3).map(({ index }) => index).reverse();
    const dot = dots.find((index) => index + 1 < name.length && PREFIXES.has(name.slice(0, index).toLowerCase()));
    if (!dot) return undefined;
    const kind = PREFIXES.get(name.slice(0, dot).toLowerCase());
    return { text: name.slice(0, dot + 1), kind, rest: name.slice(dot + 1) };
  };

  // The distance of Damerau and Levenshtein with adjacent transpositions.
  const distance = (left, right) => {
    let older = [];
    let last = Array.from({ length: right.length + 1 }, (_, index) => index);
    for (let i = 0; i < left.length; i += 1) {
      const row = [i + 1];
      for (let j = 0; j < right.length; j += 1) {
        const isSwapped = i && j && left[i] === right[j - 1] && left[i - 1] === right[j];
        const swapped = isSwapped ? older[j - 1] + 1 : Infinity;
        row.push(Math.min(last[j] + (left[i] === right[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1, swapped));
      }
      older = last;
      last = row;
    }
    return last[right.length];
  };

  // Returns the resolver of the names in Data. If it is lenient, a name that no experiment has is no error.
  const resolver = (isLenient) => {
    const logged = new Map([...KINDS.keys()].map((kind) => [kind, new Set()]));
    for (const { name } of Data.columns) {
      const dot = name.indexOf(".") + 1;
      if (name !== "max.epoch") logged.get(name.slice(0, dot))?.add(name.slice(dot));
    }
    const isEmpty = Data.channels.length === 0 && [...logged.values()].every((names) => names.size === 0);
    // The objective exists before the first value.
    if (!isEmpty) logged.get("max.").add(Data.battery.objective);
    const kindsOf = (name) => [...KINDS.keys()].filter((kind) => logged.get(kind).has(name));
    const field = (name) => {
      const channel = name.startsWith("max.") ? name.slice(4) : null;
      return { name, channel, kind: channel === null ? "any" : "numbers", column: Data.column(name) };
    };
    const attribute = (text) => {
      const lowered = text.toLowerCase();
      const name = ATTRIBUTES.has(lowered) ? lowered : ALIASES.get(lowered);
      const kind = ATTRIBUTES.get(name);
      return kind ? { name, isAttribute: true, channel: null, kind, column: Data.column(name) } : null;
    };

    const bare = (name, operand) => {
      const kinds = kindsOf(name);
      if (kinds.length > 1) {
        const nouns = kinds.map((kind) => KINDS.get(kind)).join(" and ");
        const choices = kinds.map((kind) => printable(kind + shown(name)));
        fail(`${printable(name)} is ${nouns}`, operand, choices.join(" or "));
      }
      if (kinds.length) return field(kinds[0] + name);
      return ["name", "run_name", "display_name", "displayName"].includes(name) ? field("meta.name") : null;
    };

    // Returns the field of a name; null if there is none. A name that an experiment has logged precedes an attribute,
    // and the dots of config.lr may belong to it.
    const found = (operand) => {
      const name = operand.value;
      const dot = name.indexOf(".") + 1;
      if (logged.get(name.slice(0, dot))?.has(name.slice(dot))) return field(name);
      const known = bare(name, operand);
      const { kind, rest } = (!known && split(name)) || {};
      if (known) return known;
      if (kind) {
        // W&B stores config.lr.value.
        const names = [rest, ...(kind === "param." ? [rest.replace(/\.value$/, "")] : [])];
        const match = names.find((each) => logged.get(kind).has(each));
        if (match !== undefined) return field(kind + match);
      }
      return (kind === "" && (attribute(rest) ?? bare(rest, operand))) || attribute(name);
    };

    // Returns whether an operand may name a field: no number, time, or text in single quotes.
    const mayBeField = ({ kind, value, isDouble }) => {
      if (kind === "word") return !Literals.number(value) && !Literals.time(value);
      return kind === "name" || (kind === "text" && isDouble);
    };
    const isKnown = (operand) => {
      try {
        return mayBeField(operand) && (kindsOf(operand.value).length > 1 || found(operand) !== null);
      } catch {
        return false;
      }
    };

    // Returns the most similar name: equal but for case, within a distance, or the only one that begins with the wanted
    // one.
    const suggestion = (wanted) => {
      const names = [...[...logged.values()].flatMap((each) => [...each]).sort(), ...ATTRIBUTES.keys(), "name"];
      const lowered = [...wanted.toLowerCase()];
      const limit = lowered.length <= MAX_SHORT ? 1 : 2;
      // The distance of two long names is the product of their lengths.
      const distances = names.map((name) => {
        const letters = [...name.toLowerCase()];
        return Math.abs(letters.length - lowered.length) > limit ? Infinity : distance(lowered, letters);
      });
      const least = Math.min(...distances);
      if (least <= limit) return names[distances.indexOf(least)];
      const longer = names.filter((name) => name.toLowerCase().startsWith(wanted.toLowerCase()));
      return longer.length === 1 ? longer[0] : null;
    };

    const failUnknown = (operand) => {
      const name = operand.value;
      const prefixed = split(name);
      const dot = prefixed ? 0 : name.indexOf(".");
      if (dot > 0 && (kindsOf(name.slice(dot + 1)).length || suggestion(name) === null)) {
        const range = { start: operand.start, end: operand.start + dot };
        const hint = "param. meta. max.  (also params. metrics. tags. …)";
        fail(`${printable(name.slice(0, dot))} is not known as a prefix`, range, hint);
      }
      const rest = prefixed?.rest ?? name;
      if (Data.channels.includes(rest) && !logged.get("max.").has(rest)) {
        fail(`no experiment has ${printable(rest)} at its best epoch`, operand, "it is in learning curves only");
      }
      const kind = prefixed && kindsOf(rest)[0];
      const similar = kind ? kind + shown(rest) : suggestion(rest);
      const hint = similar && `do you mean ${printable(kind ? similar : shown(similar))}?`;
      fail(`no field is called ${printable(name)}`, operand, hint);
    };

    const missing = (operand) => {
      const kind = operand.kind === "word" && kindsOf(operand.value)[0];
      const name = printable(operand.value);
      if (kind) fail(`${name} is a value here`, operand, `the field is ${kind}${name}`);
      fail("a field is missing", operand, "for example valid > 0.9");
    };
    // Returns the field that an operand names.
    const resolve = (operand) => {
      if (!mayBeField(operand)) missing(operand);
      const field = found(operand);
      if (!field && !isLenient && !isEmpty) failUnknown(operand);
      return field ?? { name: "", kind: "any", channel: null, column: null };
    };

    // Returns the names for a completion: what to write, and the texts with which a typed text may begin.
    const all = () => {
      const names = [];
      for (const [kind, each] of logged) {
        for (const name of each) {
          const isAlone = kindsOf(name).length === 1;
          names.push({ kind, name, text: isAlone ? word(name) : kind + word(name), keys: [name, kind + name] });
        }
      }
      for (const name of ATTRIBUTES.keys()) {
        const text = kindsOf(name).length ? `hypero.${name}` : name;
        names.push({ kind: "", name, text, keys: [text] });
      }
      return names;
    };
    return { mayBeField, isKnown, missing, resolve, all };
  };

  return { resolver, split, word, shown };
})();
