export default {
  async scheduled(event) {
    console.log(event.cron, new Date(event.scheduledTime).toISOString());
  },
};
