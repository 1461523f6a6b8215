console.group("order");
console.log("%s costs %d", "tea", 4);
console.groupEnd();
//= order
//=   tea costs 4
