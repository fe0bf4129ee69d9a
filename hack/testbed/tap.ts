/**
 * Sees every call at the boundary of a server and says what becomes of it: the place where a harness cuts a client off
 * before its call has an effect, after that and before the answer, or after the answer.
 */
export interface Tap<Call> {
  /** The server has not heard of it yet. `refuse`: it never does, and the connection breaks. */
  asked(call: Call): "pass" | "refuse";
  /** The server has done it, and the client has not heard. `drop`: it never does, and the connection breaks. */
  done(call: Call): "pass" | "drop";
}
