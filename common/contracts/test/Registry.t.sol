// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ServiceCatalog} from "../src/registry/ServiceCatalog.sol";
import {ServiceRegistry} from "../src/registry/ServiceRegistry.sol";
import {World} from "./World.sol";

// What an orchestrator says about itself.
contract RegistryTest is World {
    address private o1 = address(0x0101);

    function list(uint256 count) private pure returns (bytes32[] memory ids, address[] memory judges) {
        ids = new bytes32[](count);
        judges = new address[](count);
        for (uint256 i = 0; i < count; i++) (ids[i], judges[i]) = (bytes32(i + 1), address(uint160(i)));
    }

    function test_C25_servicesAreReplaced() public {
        (bytes32[] memory ids, address[] memory judges) = list(16);
        registry.setServices(ids, judges);
        (bytes32[] memory gotIds, address[] memory gotJudges) = registry.getServices(address(this));
        eq(keccak256(abi.encode(gotIds, gotJudges)), keccak256(abi.encode(ids, judges)), "as set");
        (bool offered, address judge) = registry.serviceVerifier(address(this), bytes32(uint256(3)));
        ok(offered && judge == address(2), "found");
        (offered, judge) = registry.serviceVerifier(address(this), bytes32(uint256(1)));
        ok(offered && judge == address(0), "offered, cannot be challenged");
        (offered, ) = registry.serviceVerifier(address(this), bytes32(uint256(17)));
        ok(!offered, "not offered");

        (ids, judges) = list(2);
        registry.setServices(ids, judges);
        (gotIds, ) = registry.getServices(address(this));
        eq(gotIds.length, 2, "not added to");
        (gotIds, gotJudges) = registry.getServices(o1);
        eq(gotIds.length + gotJudges.length, 0, "empty when unset");
    }

    function test_C25_limits() public {
        (bytes32[] memory ids, address[] memory judges) = list(17);
        refuses("TOO_MANY");
        registry.setServices(ids, judges);
        refuses("LENGTH_MISMATCH");
        registry.setServices(ids, new address[](16));
        refuses("TOO_MANY");
        registry.setLocations(ids);
        (ids, judges) = list(2);
        ids[0] = 0;
        refuses("NOT_SORTED");
        registry.setServices(ids, judges);
        ids[0] = ids[1];
        refuses("NOT_SORTED");
        registry.setServices(ids, judges);
        refuses("NOT_SORTED");
        registry.setLocations(ids);
    }

    function testFuzz_C25_onlyAscending(bytes32[] memory tags) public {
        if (tags.length > 16) {
            assembly ("memory-safe") {
                mstore(tags, 16)
            }
        }
        bool sorted = true;
        for (uint256 i = 0; i < tags.length; i++) {
            if (uint256(tags[i]) <= (i == 0 ? 0 : uint256(tags[i - 1]))) sorted = false;
        }
        (bool done, ) = address(registry).call(abi.encodeCall(registry.setLocations, (tags)));
        ok(done == sorted, "accepted if and only if ascending");
        if (sorted) {
            eq(keccak256(abi.encode(registry.getLocations(address(this)))), keccak256(abi.encode(tags)), "kept");
        }
    }

    event ServicesUpdate(address indexed addr, bytes32[] ids, address[] verifiers);
    event LocationsUpdate(address indexed addr, bytes32[] tags);
    event ServiceURIUpdate(address indexed addr, string serviceURI);
    event ReceiptSignerUpdate(address indexed addr, address indexed signer, uint256 fromRound);

    function test_C25_eventsAndUriUnchanged() public {
        (bytes32[] memory ids, address[] memory judges) = list(2);
        vm.expectEmit(true, false, false, true, address(registry));
        emit ServicesUpdate(address(this), ids, judges);
        registry.setServices(ids, judges);
        vm.expectEmit(true, false, false, true, address(registry));
        emit LocationsUpdate(address(this), ids);
        registry.setLocations(ids);
        eq(keccak256(abi.encode(registry.getLocations(address(this)))), keccak256(abi.encode(ids)), "kept");
        vm.expectEmit(true, false, false, true, address(registry));
        emit ServiceURIUpdate(address(this), "https://a.example:8935");
        registry.setServiceURI("https://a.example:8935");
        eq(keccak256(bytes(registry.getServiceURI(address(this)))), keccak256("https://a.example:8935"), "uri");
        eq(bytes(registry.getServiceURI(o1)).length, 0, "empty when unset");
    }

    function test_C26_signerActsNextRound() public {
        uint256 r = round();
        eq(registry.receiptSignerAt(o1, r), o1, "itself");
        vm.startPrank(o1);
        vm.expectEmit(true, true, false, true, address(registry));
        emit ReceiptSignerUpdate(o1, address(7), r + 1);
        registry.setReceiptSigner(address(7));
        registry.setReceiptSigner(address(8));
        vm.stopPrank();
        eq(registry.receiptSignerAt(o1, r), o1, "not in this round");
        eq(registry.receiptSignerAt(o1, r + 1), address(8), "the last word of a round");
        nextRounds(3);
        vm.prank(o1);
        registry.setReceiptSigner(address(0));
        eq(registry.receiptSignerAt(o1, r + 2), address(8), "past rounds stay");
        eq(registry.receiptSignerAt(o1, r + 3), address(8), "this round too");
        eq(registry.receiptSignerAt(o1, r + 4), o1, "zero is itself");
    }

    // Many changes: the search finds the one in force.
    function test_C26_longHistory() public {
        uint256 first = round();
        for (uint256 i = 1; i <= 9; i++) {
            vm.prank(o1);
            registry.setReceiptSigner(address(uint160(i)));
            nextRound();
        }
        for (uint256 i = 1; i <= 9; i++) {
            eq(registry.receiptSignerAt(o1, first + i), address(uint160(i)), "of that round");
        }
        eq(registry.receiptSignerAt(o1, first), o1, "before all");
    }

    // Beside a registry that lacks the extension, and on a network without any.
    function test_C26_standaloneAndAbsent() public {
        ServiceCatalog alone = new ServiceCatalog(address(controller));
        put("ServiceCatalog", address(alone));
        vm.prank(o1);
        alone.setReceiptSigner(address(7));
        eq(alone.receiptSignerAt(o1, round() + 1), address(7), "same interface");
        (bytes32[] memory ids, address[] memory judges) = list(1);
        alone.setServices(ids, judges);
        (ids, ) = alone.getServices(address(this));
        eq(ids.length, 1, "services too");
        ok(address(new ServiceRegistry(address(controller))) != address(0), "target alone");
    }
}
