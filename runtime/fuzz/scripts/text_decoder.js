// Bytes in an encoding, in chunks and at once: what comes out is the same.
(() => {
  const labels = ["utf-8", "utf-16le", "utf-16be", "windows-1252", "iso-8859-2", "ibm866", "koi8-r", "macintosh", "shift_jis", "euc-jp",
    "iso-2022-jp", "euc-kr", "gbk", "gb18030", "big5", "x-user-defined"];
  return (bytes) => {
    const [label = 0, size = 0, choices = 0] = bytes;
    const options = { fatal: (choices & 1) !== 0, ignoreBOM: (choices & 2) !== 0 };
    const content = bytes.subarray(3);
    const name = labels[label % labels.length];
    const attempt = (decode) => {
      try {
        return decode(new TextDecoder(name, options));
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        return null;
      }
    };
    const whole = attempt((decoder) => decoder.decode(content));
    const cut = attempt((decoder) => {
      let text = "";
      for (let at = 0; at < content.length; at += size || content.length) {
        text += decoder.decode(content.subarray(at, at + (size || content.length)), { stream: true });
      }
      return text + decoder.decode();
    });
    if (whole !== cut) return `${name}: ${JSON.stringify(whole)} is not ${JSON.stringify(cut)}`;
    if (whole !== null && !whole.isWellFormed()) return `${name}: ${JSON.stringify(whole)} has a surrogate`;
  };
})();
