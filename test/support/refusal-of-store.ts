import { SekishoError } from "../../src/core/errors.js";
import { openReader, openWriter } from "./store.js";

/** `write DIR` or `read DIR`: opens and closes a store, prints `opened` or the error's code. A crash of lmdb ends only this process. */
const [role, dir = ""] = process.argv.slice(2);
try {
  const store = role === "write" ? openWriter(dir) : openReader(dir);
  await store.close();
  process.stdout.write("opened");
} catch (error) {
  if (!(error instanceof SekishoError)) throw error;
  process.stdout.write(error.code);
}
