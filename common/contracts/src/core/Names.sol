// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IController} from "./IController.sol";

// keccak256 of the ASCII name is the key of a contract in the Controller.
library Names {
    bytes32 internal constant TOKEN = keccak256("LivepeerToken");
    bytes32 internal constant MINTER = keccak256("Minter");
    bytes32 internal constant BONDING_MANAGER = keccak256("BondingManager");
    bytes32 internal constant ROUNDS_MANAGER = keccak256("RoundsManager");
    bytes32 internal constant TICKET_BROKER = keccak256("TicketBroker");
    bytes32 internal constant JOBS_MANAGER = keccak256("JobsManager");
    bytes32 internal constant SERVICE_REGISTRY = keccak256("ServiceRegistry");
    bytes32 internal constant SERVICE_CATALOG = keccak256("ServiceCatalog");
    bytes32 internal constant VERIFIER = keccak256("Verifier");
    bytes32 internal constant SUPPLY_CACHE = keccak256("L2LPTDataCache");
    bytes32 internal constant L2_MIGRATOR = keccak256("L2Migrator");
    bytes32 internal constant BONDING_VOTES = keccak256("BondingVotes");
    bytes32 internal constant TREASURY = keccak256("Treasury");
    bytes32 internal constant LEGACY_JOBS_MANAGER = keccak256("LegacyJobsManager");

    // Where ETH and nothing else ends up: no key is known for it.
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;

    function isCaller(IController controller, bytes32 name) internal view returns (bool) {
        return msg.sender == controller.getContract(name);
    }
}
