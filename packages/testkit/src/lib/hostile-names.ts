const text = (...names: string[]): Buffer[] => names.map((name) => Buffer.from(name));
const bytes = (...names: number[][]): Buffer[] => names.map((name) => Buffer.from(name));

/** Every byte but NUL and the slash, in chunks that are each one name. */
const everyByte = [0x01, 0x41, 0x81, 0xc1].map((from) =>
  Buffer.from(
    Array.from({ length: 64 }, (_, index) => from + index).filter((byte) => byte !== 0x2f && byte <= 0xff),
  ),
);

/**
 * Names of one segment, all different and all legal on Linux, that have broken programs before.
 *
 * Some are not UTF-8, which macOS refuses. None is left out by a snapshot.
 */
export const hostileNames: readonly Buffer[] = [
  // What ends a line, a field or a quotation too early.
  ...text(
    'new\nline',
    '\n',
    'trailing\n',
    'tab\t',
    'cr\r',
    'crlf\r\n',
    'back\\slash',
    '\\',
    'a\\nb',
    'trailing\\',
  ),
  ...text(
    '"',
    "'",
    'it\'s "quoted"',
    '`id`',
    '$(id)',
    '$HOME',
    '${HOME}',
    ';',
    '&',
    '|',
    '<',
    '>',
    '!',
    '#',
    '# hash',
  ),
  // What a command, a shell or a glob takes for its own.
  ...text(
    '-',
    '--',
    '-rf',
    '--help',
    '~',
    '~root',
    '*',
    '?',
    '[',
    '[a-z]',
    '{a,b}',
    '!(x)',
    '@',
    '@file',
    '%s',
    '%41',
  ),
  // Spaces and dots.
  ...text(' ', '  ', ' leading', 'trailing ', 'in side', '...', '....', '.hidden', '.. ', ' ..', 'dot.'),
  // What is nearly a reserved name, or reserved elsewhere.
  ...text(
    '.MUSE',
    '.Git',
    '.gitignore',
    '.museignore',
    '.muse ',
    '.git\n',
    'muse',
    'CON',
    'nul.txt',
    'C:',
    'a:b',
  ),
  // Keys that a plain object knows, or puts in an order of its own.
  ...text(
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'valueOf',
    'length',
    '0',
    '9',
    '10',
    '-1',
    '01',
  ),
  ...text('null', 'undefined', 'NaN', 'true', '1e3', '4294967295'),
  // Pairs that sort one way by bytes and the other by UTF-16 units, by locale, or after their parent's slash.
  ...text(
    '\uff5e',
    '\u{1f600}',
    '\ue000',
    'a',
    'B',
    'b',
    'A',
    'a.txt',
    'a-b',
    'a b',
    'a0',
    'é',
    'z',
    'ß',
    'ss',
    'ı',
    'İ',
  ),
  // Twins that normalisation or case folding makes one.
  ...text(
    'caf\u00e9',
    'cafe\u0301',
    '\uac00',
    '\u1100\u1161',
    '\u212b',
    '\u00c5',
    '\ufb01',
    'fi',
    'README',
    'readme',
  ),
  // What a terminal obeys or hides.
  ...text('\x1b[31mred\x1b[0m', '\x1b]0;title\x07', '\x01', '\x07', '\b\b\b', '\x7f', '\u0085', '\u009b31m'),
  ...text(
    '\u2028',
    '\u2029',
    '\u202egpj.exe',
    '\u200b',
    '\u00a0',
    '\u2066',
    '\ufeffbom',
    'zero\u200djoined',
    '\u0301',
  ),
  ...text('👩‍👩‍👧‍👦', '🏳️‍🌈', '日本語', 'עברית', 'العربية', 'ไทย', '\u{10ffff}', '\ufffe', '\uffff', '\ufffd'),
  // Not UTF-8: stray bytes, cut sequences, encoded surrogates, overlong forms, beyond U+10FFFF, mixed with what is.
  ...bytes(
    [0xff],
    [0xfe],
    [0x80],
    [0xbf],
    [0xff, 0xfe],
    [0xe2, 0x82],
    [0xf0, 0x9f, 0x98],
    [0xc3],
    [0xc3, 0x28],
  ),
  ...bytes(
    [0xed, 0xa0, 0x80],
    [0xed, 0xb2, 0x80],
    [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
    [0xc0, 0xae],
    [0xc0, 0xaf],
  ),
  ...bytes(
    [0xe0, 0x80, 0xaf],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf8, 0x88, 0x80, 0x80, 0x80],
    [0xef, 0xbf],
    [0xee, 0x80],
  ),
  ...bytes(
    [0x61, 0xff, 0x62],
    [0xff, 0xf0, 0x9f, 0x98, 0x80],
    [0xe9, 0x2e, 0x74, 0x78, 0x74],
    [0xff, 0x0a],
    [0x5c, 0xff],
  ),
  ...bytes([0xef, 0xbb, 0xbf], [0xef, 0xbb, 0xbf, 0xff], [0xef, 0xbf, 0xbd, 0xff]),
  // What an escaped byte looks like once written out.
  ...text('\\udcff', '\\xff', '\\377', 'udcff', '%FF', '\ufffd\ufffd'),
  // As long as a name may be: in ASCII, in three-byte characters, in bytes that are not UTF-8.
  Buffer.alloc(255, 'n'),
  Buffer.alloc(255, '\u20ac'),
  Buffer.alloc(255, 0xfd),
  ...everyByte,
];
