const error = new QuotaExceededError("too much", { quota: 10, requested: 12 });
console.log(error.name, error.quota, error.requested); // QuotaExceededError 10 12
