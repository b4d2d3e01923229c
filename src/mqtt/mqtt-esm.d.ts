// Types for MQTT.js's one-file build, which takes 11 MB less memory than the package's main entry.
declare module 'mqtt/dist/mqtt.esm' {
  import type { MqttClient } from 'mqtt';

  const mqtt: { MqttClient: typeof MqttClient };
  export default mqtt;
}
