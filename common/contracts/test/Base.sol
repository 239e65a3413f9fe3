// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// The few cheatcodes that the tests need, declared by hand: the package that
// usually brings them is not complete on npm.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function prank(address who) external;

    function startPrank(address who) external;

    function stopPrank() external;

    function roll(uint256 number) external;

    function warp(uint256 time) external;

    function deal(address who, uint256 balance) external;

    function expectRevert(bytes calldata data) external;

    function expectRevert(bytes4 data) external;

    function expectEmit(bool t1, bool t2, bool t3, bool data, address emitter) external;

    function assume(bool condition) external;

    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);

    function addr(uint256 key) external pure returns (address);

    function etch(address where, bytes calldata code) external;

    function load(address where, bytes32 slot) external view returns (bytes32);

    function store(address where, bytes32 slot, bytes32 value) external;

    function mockCall(address where, bytes calldata data, bytes calldata answer) external;

    function clearMockedCalls() external;

    function chainId(uint256 id) external;

    function recordLogs() external;

    function getRecordedLogs() external returns (Log[] memory);

    struct Gas {
        uint64 gasLimit;
        uint64 gasTotalUsed;
        uint64 gasMemoryUsed;
        int64 gasRefunded;
        uint64 gasRemaining;
    }

    function snapshotValue(string calldata group, string calldata name, uint256 value) external;

    function lastCallGas() external view returns (Gas memory);
}

abstract contract Base {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    bool public IS_TEST = true;

    error Unequal(string what, uint256 got, uint256 expected);

    function ok(bool condition, string memory what) internal pure {
        require(condition, what);
    }

    function eq(uint256 got, uint256 expected, string memory what) internal pure {
        if (got != expected) revert Unequal(what, got, expected);
    }

    function eq(address got, address expected, string memory what) internal pure {
        eq(uint256(uint160(got)), uint256(uint160(expected)), what);
    }

    function eq(bytes32 got, bytes32 expected, string memory what) internal pure {
        eq(uint256(got), uint256(expected), what);
    }

    function near(uint256 got, uint256 expected, uint256 slack, string memory what) internal pure {
        uint256 gap = got > expected ? got - expected : expected - got;
        if (gap > slack) revert Unequal(what, got, expected);
    }

    function atMost(uint256 got, uint256 limit, string memory what) internal pure {
        if (got > limit) revert Unequal(what, got, limit);
    }

    // The next call must be refused with exactly this sentence.
    function refuses(string memory reason) internal {
        vm.expectRevert(abi.encodeWithSignature("Error(string)", reason));
    }

    function within(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + (x % (high - low + 1));
    }
}
