"use strict";
/**
 * A filter as rows of conditions, for people who do not write expressions, and back. No page.
 *
 * @typedef {{kind: "condition", column: string, operator: string, value: string}} Row  `value` as it is typed
 * @typedef {{kind: "raw", text: string}} RawRow  what rows cannot say: one condition as an expression
 * @typedef {{kind: "group", join: "and" | "or", items: (Row | RawRow | RowGroup)[]}} RowGroup
 */
runstore.filterModel = (() => {
  const { expression } = runstore;
  const OPERATORS = {
    "=": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥", in: "in", "not in": "not in", contains: "contains", matches: "matches", null: "is null",
    present: "is not null",
  };
  const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

  const isUnary = (operator) => operator === "null" || operator === "present";
  const row = (column = "", operator = "=", value = "") => ({ kind: "condition", column, operator, value });
  const group = (join, items) => ({ kind: "group", join, items });

  /** What was typed, as the filter states it beside a column of this kind. */
  function given(text, kind) {
    if ((kind === "number" || kind === "mixed") && NUMBER.test(text)) return Number(text);
    if ((kind === "bool" || kind === "mixed") && /^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
    return quotedText(text) ?? text;
  }

  const quotedText = (text) => (/^'(?:[^']|'')*'$/.test(text) ? text.slice(1, -1).replaceAll("''", "'") : null);
  const items = (text) => (text.match(/(?:'(?:[^']|'')*'|[^,])+/g) ?? []).map((item) => item.trim()).filter(Boolean);

  /** A value as a person types it, so that `given` reads it back. */
  function typed(value, kind, listed) {
    if (typeof value !== "string") return String(value);
    const bare = given(value, kind) === value && !(listed && /[,']|^\s|\s$|^$/.test(value));
    return bare ? value : `'${value.replaceAll("'", "''")}'`;
  }

  const escaped = (text) => text.replace(/[\\%_]/g, "\\$&");
  const column = (name) => ({ type: "column", name });
  const value = (found) => ({ type: "value", value: found });

  /** The tree of a row that is complete, else null. @param {Row | RawRow | RowGroup} found @param {Catalogue} frame */
  function toTree(found, frame) {
    if (found.kind === "raw") return parsed(found.text, frame);
    if (found.kind === "group") return joined(found.join, found.items.map((item) => toTree(item, frame)).filter(Boolean));
    if (!frame.has(found.column) || (!isUnary(found.operator) && !found.value.trim())) return null;
    return leaf(found, frame.kind(found.column));
  }

  function joined(join, trees) {
    return trees.length > 1 ? { type: join, items: trees } : (trees[0] ?? null);
  }

  function parsed(text, frame) {
    try {
      return expression.parse(text, frame).tree;
    } catch {
      return null;
    }
  }

  function leaf({ column: name, operator, value: text }, kind) {
    const left = column(name);
    switch (operator) {
      case "null": return { type: "null", left, negated: false };
      case "present": return { type: "null", left, negated: true };
      case "in":
      case "not in": return { type: "in", left, items: items(text).map((item) => value(given(item, kind))), negated: operator === "not in" };
      case "matches": return { type: "match", left, operator: "~", pattern: text };
      case "contains":
        if (kind === "list") return { type: "holds", left: value(given(text, kind)), right: left };
        return { type: "match", left, operator: "ILIKE", pattern: `%${escaped(text)}%` };
      default: return { type: "compare", left, operator, right: value(given(text, kind)) };
    }
  }

  /** The filter that rows state; "" while none is complete. @param {RowGroup} found @param {Catalogue} frame */
  function toText(found, frame) {
    const tree = toTree(found, frame);
    return tree ? expression.print(tree) : "";
  }

  /** A tree as rows. @param {?Tree} tree @param {Catalogue} frame @returns {RowGroup} */
  function fromTree(tree, frame) {
    if (!tree) return group("and", []);
    return ["and", "or"].includes(tree.type) ? group(tree.type, tree.items.map((item) => fromItem(item, frame))) : group("and", [fromItem(tree, frame)]);
  }

  function fromItem(tree, frame) {
    if (["and", "or"].includes(tree.type)) return fromTree(tree, frame);
    const text = expression.print(tree);
    const found = fromLeaf(tree, frame);
    const back = found && toTree(found, frame);
    return back && expression.print(back) === text ? found : { kind: "raw", text };
  }

  function fromLeaf(tree, frame) {
    const named = tree.type === "holds" ? tree.right : tree.left;
    if (named?.type !== "column") return null;
    const kind = frame.kind(named.name);
    switch (tree.type) {
      case "null": return row(named.name, tree.negated ? "present" : "null");
      case "holds": return tree.left.type === "value" ? row(named.name, "contains", typed(tree.left.value, kind, false)) : null;
      case "compare": return tree.right.type === "value" ? row(named.name, tree.operator, typed(tree.right.value, kind, false)) : null;
      case "in":
        if (tree.items.some((item) => item.type !== "value")) return null;
        return row(named.name, tree.negated ? "not in" : "in", tree.items.map((item) => typed(item.value, kind, true)).join(", "));
      case "match": return tree.operator === "~" ? row(named.name, "matches", tree.pattern) : row(named.name, "contains", tree.pattern.slice(1, -1).replace(/\\(.)/g, "$1"));
      default: return null;
    }
  }

  /** The conditions that all have to hold. @param {Tree} tree @returns {Tree[]} */
  const parts = (tree) => (tree.type === "and" ? tree.items : [tree]);

  /** The filter without one of its parts. @param {Tree} tree @param {number} place */
  function without(tree, place) {
    const left = joined("and", parts(tree).filter((_, at) => at !== place));
    return left ? expression.print(left) : "";
  }

  return { OPERATORS, isUnary, row, group, toText, fromTree, parts, without };
})();
