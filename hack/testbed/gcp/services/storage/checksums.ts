/** The two checksums that Cloud Storage shows of an object, in base64. */
import { createHash } from "node:crypto";

/** CRC-32C (Castagnoli), reflected: https://cloud.google.com/storage/docs/data-validation */
const POLYNOMIAL = 0x82f63b78;

export function crc32c(bytes: Uint8Array): string {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  }
  const result = Buffer.alloc(4);
  result.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  return result.toString("base64");
}

export const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("base64");
