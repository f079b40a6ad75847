import { isSekishoError, SekishoError } from "../core/errors.js";
import { derChunks } from "../crl/der-chunks.js";
import { fileChunks } from "../crl/file-chunks.js";
import { type ReadCrlOptions, readCrl, type SignedCrl } from "../crl/read-crl.js";

/**
 * `readCrl` on a file of DER or PEM, which its CRL_INVALID and PEM_INVALID name. Throws the system's error on the file
 * too.
 */
export function readCrlFile(file: string, options: ReadCrlOptions = {}): SignedCrl {
  try {
    return readCrl(derChunks(fileChunks(file)), options);
  } catch (error) {
    if (!isSekishoError(error, "CRL_INVALID", "PEM_INVALID")) throw error;
    throw new SekishoError(error.code, `${file}: ${error.message}`, { cause: error });
  }
}
