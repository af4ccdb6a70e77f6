// Loaded before the emulator, which would listen on every address of the machine: it gets loopback only.
const { Server } = require('node:net');

const listen = Server.prototype.listen;
Server.prototype.listen = function listenOnLoopback(first, ...rest) {
  if (typeof first === 'object' && first !== null) return listen.call(this, { ...first, host: '127.0.0.1' }, ...rest);
  const callbacks = rest.filter((argument) => typeof argument === 'function');
  return listen.call(this, Number(first), '127.0.0.1', ...callbacks);
};
