const reader = new FileReader();
reader.onload = () => console.log(reader.result); // data:text/plain;base64,aGVsbG8=
reader.readAsDataURL(new Blob(["hello"], { type: "text/plain" }));
