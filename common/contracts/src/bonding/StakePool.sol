// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// The candidates for the next round, a doubly linked list by falling stake.
// Callers may say where an entry belongs (`prev`, `next`); a wrong hint only
// costs them gas, never the order. A new entry goes before its equals.
library StakePool {
    struct Node {
        uint256 key;
        address nextId;
        address prevId;
    }

    struct Data {
        address head;
        address tail;
        uint256 maxSize;
        uint256 size;
        mapping(address => Node) nodes;
    }

    function contains(Data storage self, address id) internal view returns (bool) {
        return self.nodes[id].key > 0;
    }

    function insert(Data storage self, address id, uint256 key, address prev, address next) internal {
        require(self.size < self.maxSize, "pool is full");
        (prev, next) = place(self, key, prev, next);

        self.nodes[id] = Node({key: key, nextId: next, prevId: prev});
        if (prev == address(0)) self.head = id;
        else self.nodes[prev].nextId = id;
        if (next == address(0)) self.tail = id;
        else self.nodes[next].prevId = id;
        self.size += 1;
    }

    function remove(Data storage self, address id) internal {
        Node storage node = self.nodes[id];
        (address prev, address next) = (node.prevId, node.nextId);

        if (prev == address(0)) self.head = next;
        else self.nodes[prev].nextId = next;
        if (next == address(0)) self.tail = prev;
        else self.nodes[next].prevId = prev;
        delete self.nodes[id];
        self.size -= 1;
    }

    function update(Data storage self, address id, uint256 key, address prev, address next) internal {
        remove(self, id);
        insert(self, id, key, prev, next);
    }

    // Walks from the better of the two hints. The walk is bounded by maxSize,
    // which only governance can change.
    function place(
        Data storage self,
        uint256 key,
        address prev,
        address next
    ) private view returns (address, address) {
        if (fits(self, key, prev, next)) return (prev, next);

        if (prev != address(0) && self.nodes[prev].key >= key) return descend(self, key, prev);
        if (contains(self, next) && self.nodes[next].key <= key) return ascend(self, key, next);
        return fromHead(self, key);
    }

    function fits(Data storage self, uint256 key, address prev, address next) private view returns (bool) {
        if (prev == address(0) && next == address(0)) return self.size == 0;
        if (prev == address(0)) return self.head == next && key >= self.nodes[next].key;
        if (self.nodes[prev].key < key) return false;
        if (next == address(0)) return self.tail == prev;
        return self.nodes[prev].nextId == next && key >= self.nodes[next].key;
    }

    function fromHead(Data storage self, uint256 key) private view returns (address prev, address next) {
        next = self.head;
        while (next != address(0) && self.nodes[next].key > key) {
            prev = next;
            next = self.nodes[next].nextId;
        }
    }

    function descend(
        Data storage self,
        uint256 key,
        address prev
    ) private view returns (address, address next) {
        next = self.nodes[prev].nextId;
        while (next != address(0) && self.nodes[next].key > key) {
            prev = next;
            next = self.nodes[next].nextId;
        }
        return (prev, next);
    }

    function ascend(
        Data storage self,
        uint256 key,
        address next
    ) private view returns (address prev, address) {
        prev = self.nodes[next].prevId;
        while (prev != address(0) && self.nodes[prev].key < key) {
            next = prev;
            prev = self.nodes[prev].prevId;
        }
        return (prev, next);
    }
}
