const bytes = new Uint8Array([0xe2, 0x82, 0xac, 0x20, 0x38]);
console.log(new TextDecoder().decode(bytes), new TextDecoder("windows-1252").encoding); // € 8 windows-1252
