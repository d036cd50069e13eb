import type { Spread } from './results.js';

/** Returns the middle one of some numbers, or the mean of the two in the middle; NaN of none. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? NaN) + upper) / 2;
}

export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

/** Returns the mean that suits ratios: a half and a double make 1. NaN of none. */
export function geometricMean(numbers: readonly number[]): number {
  return Math.exp(numbers.reduce((sum, number) => sum + Math.log(number), 0) / numbers.length);
}

/** Sums up samples, all to the hundredth: the rest is noise. */
export function spreadOf(samples: readonly number[]): Spread {
  return {
    median: hundredths(median(samples)),
    min: hundredths(Math.min(...samples)),
    max: hundredths(Math.max(...samples)),
    samples: samples.map(hundredths),
  };
}

export function hundredths(number: number): number {
  return Math.round(number * 100) / 100;
}

export function thousandths(number: number): number {
  return Math.round(number * 1000) / 1000;
}
