const WIDTH = 110;
const STEP = '  ';

/** Returns a value of plain objects as JSON, laid out as prettier does it: short lists on one line. */
export function jsonText(value: object): string {
  return `${text(JSON.parse(JSON.stringify(value)), '', 0)}\n`;
}

/** `before` counts the letters that stand before the value on its line, its margin aside. */
function text(value: unknown, margin: string, before: number): string {
  if (Array.isArray(value)) return listText(value, margin, before);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = margin + STEP;
  const fields = Object.entries(value).map(([name, field]) => {
    const key = `${JSON.stringify(name)}: `;
    return inner + key + text(field, inner, key.length);
  });
  return fields.length === 0 ? '{}' : `{\n${fields.join(',\n')}\n${margin}}`;
}

function listText(list: readonly unknown[], margin: string, before: number): string {
  if (list.length === 0) return '[]';
  const inner = margin + STEP;
  const items = list.map((item) => text(item, inner, 0));
  const inOne = `[${items.join(', ')}]`;
  // One more for the comma that may follow.
  if (!inOne.includes('\n') && margin.length + before + inOne.length < WIDTH) return inOne;
  const isNumbers = list.every((item) => typeof item === 'number');
  const lines = isNumbers ? filled(items, inner) : items.map((item) => inner + item).join(',\n');
  return `[\n${lines}\n${margin}]`;
}

/** Only numbers share lines. */
function filled(numbers: readonly string[], margin: string): string {
  const lines: string[] = [];
  for (const [index, number] of numbers.entries()) {
    const item = index < numbers.length - 1 ? `${number},` : number;
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + item.length <= WIDTH)
      lines[lines.length - 1] = `${last} ${item}`;
    else lines.push(margin + item);
  }
  return lines.join('\n');
}
