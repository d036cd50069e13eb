/** Hears of a text that rules are made of: its native path, and what counts in it, one character for each byte or as it is. */
export type OnRuleText = (file: string, text: string) => void;
