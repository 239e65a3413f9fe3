// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Receipts} from "../src/fault/Receipts.sol";
import {World} from "./World.sol";

// One orchestrator with a key, one broadcaster, and receipts between them.
abstract contract FaultWorld is World {
    uint256 internal constant O_KEY = 0x0C0DE;
    uint256 internal constant BOND = 0.01 ether;
    address internal o1;
    address internal viewer = address(0x0601); // the broadcaster
    address internal helper = address(0x0602); // may challenge for it

    bytes32[] internal profiles;
    bytes32[] internal renditions;

    function setUp() public virtual override {
        super.setUp();
        o1 = vm.addr(O_KEY);
        orchestrator(o1, 1000 * LPT, 0, 500000);
        nextRound();
        profiles = [keccak256("p0"), keccak256("p1")];
        renditions = [keccak256("r0"), keccak256("r1")];
        vm.deal(viewer, 100 ether);
        vm.deal(helper, 100 ether);
        vm.prank(viewer);
        fault.setChallenger(helper, true);
    }

    function receipt() internal view returns (Receipts.Receipt memory r) {
        r.broadcaster = viewer;
        r.orchestrator = o1;
        r.manifestHash = keccak256("manifest");
        r.seq = 7;
        r.sourceHash = keccak256("source");
        r.profilesHash = keccak256(abi.encodePacked(profiles));
        r.resultHash = keccak256(abi.encodePacked(renditions));
        r.serviceId = keccak256("CPUTranscoding");
        r.verifier = address(judge);
        r.round = round();
    }

    function signed(Receipts.Receipt memory r) internal view returns (bytes memory) {
        return sign(O_KEY, fault.receiptDigest(r));
    }

    function challengeAs(address who, Receipts.Receipt memory r, uint256 index) internal returns (bytes32) {
        bytes memory sig = signed(r);
        vm.prank(who);
        return fault.challenge{value: BOND}(r, sig, index, profiles, renditions, "bundle://1");
    }

    function status(bytes32 id) internal view returns (uint256) {
        return uint256(fault.getChallenge(id).status);
    }

    // A challenge that the judge finds right.
    function proven() internal returns (bytes32 id) {
        return provenAt(receipt(), 0);
    }

    function provenAt(Receipts.Receipt memory r, uint256 index) internal returns (bytes32 id) {
        id = challengeAs(viewer, r, index);
        judge.say(id, 2);
    }

    function execute(bytes32 id) internal {
        vm.prank(viewer);
        fault.executeSlash(id, new uint256[](0));
    }

    function ids(uint256 count) internal pure returns (uint256[] memory list) {
        list = new uint256[](count);
        for (uint256 i = 0; i < count; i++) list[i] = i;
    }
}
