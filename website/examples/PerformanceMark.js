const mark = performance.mark("paid", { detail: { amount: 8 } });
console.log(mark.name, mark.detail.amount); // paid 8
