// SPDX-License-Identifier: MIT
//
// records.js - two worker threads regroup the records of a JSON file and post them back.
'use strict';

const fs = require('fs');
const zlib = require('zlib');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

function regroup(path, part) {
	const records = JSON.parse(fs.readFileSync(path, 'utf8'));
	const byTag = new Map();
	for (const record of records.filter((r) => r.id % 2 === part)) {
		for (const tag of record.tags) {
			if (!byTag.has(tag)) byTag.set(tag, []);
			byTag.get(tag).push({ id: record.id, name: record.name.toUpperCase() });
		}
	}
	return [...byTag].sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

if (isMainThread) {
	const results = [];
	for (const part of [0, 1]) {
		const worker = new Worker(__filename, { workerData: { path: process.argv[2], part } });
		worker.on('message', (groups) => {
			results[part] = groups;
		});
	}
	process.on('exit', () => {
		for (const groups of results) {
			const text = JSON.stringify(groups);
			console.log(groups.length, text.length, zlib.deflateSync(text).length);
		}
	});
} else {
	parentPort.postMessage(regroup(workerData.path, workerData.part));
}
