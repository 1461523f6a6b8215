// A pattern, a base URL and an input, in lines.
(() => {
  const components = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"];
  const make = (...given) => {
    try {
      return new URLPattern(...given);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return null;
    }
  };
  return (bytes) => {
    const lines = new TextDecoder().decode(bytes.subarray(1)).split("\n");
    const [text = "", base = "", input = ""] = lines;
    const options = { ignoreCase: (bytes[0] & 1) !== 0 };
    const init = Object.fromEntries(lines.slice(3, 11).map((line, index) => [components[index], line]));
    for (const pattern of [base === "" ? make(text, options) : make(text, base, options), make(init, options)]) {
      if (pattern === null) continue;
      const own = Object.fromEntries(components.map((name) => [name, pattern[name]]));
      // One "?" and one "#" at the beginning are none of the component.
      const again = make({ ...own, search: `?${own.search}`, hash: `#${own.hash}` }, options);
      if (again === null) return `${JSON.stringify(own)} is no pattern`;
      for (const name of components) {
        // A protocol that is written as a group has no default port, until it is read again: "{http}".
        if (name === "port" && again.port === "" && ["21", "80", "443"].includes(own.port)) continue;
        if (again[name] !== own[name]) return `${name}: ${JSON.stringify(again[name])} is not ${JSON.stringify(own[name])}`;
        if (URLPattern.compareComponent(name, pattern, again) !== 0) return `${name} is not the same`;
      }
      if (pattern.hasRegExpGroups !== again.hasRegExpGroups) return "groups";
      // Regular expressions take what time they take, and what varies in a pattern is one of their groups, which may come many times.
      const varies = (text) => text.split(/[*:]/).length > 5 || /\+|[*}]\*|:[^/]*\*/.test(text);
      const isHeavy = pattern.hasRegExpGroups || components.some((name) => varies(own[name]));
      if (isHeavy && input.length + base.length > 16) continue;
      const found = pattern.exec(input, base === "" ? undefined : base);
      if (pattern.test(input, base === "" ? undefined : base) !== (found !== null)) return "test is not exec";
    }
  };
})();
