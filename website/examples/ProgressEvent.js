const event = new ProgressEvent("progress", { lengthComputable: true, loaded: 512, total: 2048 });
console.log(event.loaded / event.total); // 0.25
