import { isSekishoError, SekishoError } from "../core/errors.js";
import { fileChunks } from "../crl/file-chunks.js";
import { type ReadCrlOptions, readCrl, type SignedCrl } from "../crl/read-crl.js";

/** `readCrl` on a file, which its CRL_INVALID names. Throws the system's error on the file too. */
export function readCrlFile(file: string, options: ReadCrlOptions = {}): SignedCrl {
  try {
    return readCrl(fileChunks(file), options);
  } catch (error) {
    if (!isSekishoError(error, "CRL_INVALID")) throw error;
    throw new SekishoError("CRL_INVALID", `${file}: ${error.message}`, { cause: error });
  }
}
