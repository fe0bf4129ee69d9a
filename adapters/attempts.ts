import { setTimeout as rest } from "node:timers/promises";

/** How often a program that nobody calls again makes a call before it tells that it failed. */
export const ATTEMPTS = 8;

/** Waits before the next attempt: twice as long each time, from 100 ms on, less up to half of it. @param attempt from 1 */
export const pauseAfter = (attempt: number): Promise<void> => rest(50 * 2 ** attempt * (0.5 + Math.random() / 2));
