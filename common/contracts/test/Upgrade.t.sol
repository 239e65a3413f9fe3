// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BondingManager} from "../src/bonding/BondingManager.sol";
import {IMinter} from "../src/token/IMinter.sol";
import {Controller} from "../src/core/Controller.sol";
import {ManagerProxy} from "../src/core/ManagerProxy.sol";
import {Minter} from "../src/token/Minter.sol";
import {RoundsManager} from "../src/rounds/RoundsManager.sol";
import {ServiceRegistry} from "../src/registry/ServiceRegistry.sol";
import {LivepeerTokenFaucet} from "../src/token/LivepeerTokenFaucet.sol";
import {SupplyCache} from "../src/stubs/SupplyCache.sol";
import {TicketBroker} from "../src/pm/TicketBroker.sol";
import {Tickets} from "../src/pm/Tickets.sol";
import {World} from "./World.sol";

contract Legacy {
    mapping(address => uint256) public deposits;
    mapping(address => uint256) public blocks;

    function set(address who, uint256 deposit, uint256 withdrawBlock) external {
        deposits[who] = deposit;
        blocks[who] = withdrawBlock;
    }

    function broadcasters(address who) external view returns (uint256, uint256) {
        return (deposits[who], blocks[who]);
    }
}

// Names, proxies and the steps of a migration: what must stay where it is.
contract UpgradeTest is World {
    uint256 private constant KEY = 0xA11CE;
    address private o1 = address(0x0101);
    address private d1 = address(0x0301);

    function test_C24_unknownTarget() public {
        ManagerProxy p = new ManagerProxy(address(controller), keccak256("NobodyTarget"));
        refuses("target contract must be registered");
        RoundsManager(address(p)).currentRound();
        refuses("target contract must be registered");
        (bool paid, ) = address(p).call{value: 0}("");
        ok(paid, "the refusal that was expected");
        eq(p.targetContractId(), keccak256("NobodyTarget"), "answers by itself");
    }

    function test_C24_dataPassesThrough() public {
        refuses("round already initialized");
        clock.initializeRound();
        (bool done, bytes memory data) = address(clock).call(abi.encodeWithSignature("unknown()"));
        ok(!done && data.length == 0, "a selector the target does not have: empty");
        clock.setRoundLength(1);
        (done, data) = address(bonding).call(abi.encodeWithSignature("getDelegator(address)", o1));
        eq(data.length, 7 * 32, "seven words");
    }

    function test_C24_proxyKeepsItsOwnFunctions() public {
        eq(address(bonding.controller()), address(controller), "controller");
        eq(bonding.targetContractId(), keccak256("BondingManagerTarget"), "its own id");
        eq(new BondingManager(address(controller)).targetContractId(), bytes32(0), "zero on the code");
        refuses("caller must be Controller");
        bonding.setController(address(1));
        controller.updateController(keccak256("BondingManager"), address(2));
        eq(address(bonding.controller()), address(2), "through the Controller only");
    }

    // Every value that was there before is there after, and lies in the slot of
    // the deployed contract.
    function test_C24_upgradeKeepsStateAndSlots() public {
        orchestrator(o1, 100 * LPT, 100000, 500000);
        bond(d1, 50 * LPT, o1);
        nextRound();
        address sender = vm.addr(KEY);
        fund(sender, 10 ether, 5 ether);
        reward(o1);
        pay(KEY, o1, 1 ether);
        vm.prank(d1);
        bonding.unbond(10 * LPT);
        vm.prank(o1);
        registry.setServiceURI("https://a.example:8935");
        bonding.setTreasuryBalanceCeiling(14);

        bytes32 before = fingerprint(sender);
        controller.pause();
        put("BondingManagerTarget", address(new BondingManager(address(controller))));
        put("RoundsManagerTarget", address(new RoundsManager(address(controller))));
        put("TicketBrokerTarget", address(new TicketBroker(address(controller))));
        put("ServiceRegistryTarget", address(new ServiceRegistry(address(controller))));
        controller.unpause();
        eq(fingerprint(sender), before, "nothing moved");

        eq(slot(address(bonding), 0), uint256(uint160(address(controller))), "bonding 0");
        eq(slot(address(bonding), 1), uint256(keccak256("BondingManagerTarget")), "bonding 1");
        eq(slot(address(bonding), 2), 7, "unbondingPeriod");
        eq(slot(address(bonding), 5), bonding.currentRoundTotalActiveStake(), "current total");
        eq(slot(address(bonding), 6), bonding.nextRoundTotalActiveStake(), "next total");
        eq(slot(address(bonding), 7), uint256(uint160(o1)), "pool head");
        eq(slot(address(bonding), 8), uint256(uint160(o1)), "pool tail");
        eq(slot(address(bonding), 9), 10, "pool max size");
        eq(slot(address(bonding), 10), 1, "pool size");
        eq(mapped(address(bonding), o1, 11, 0), bonding.transcoderTotalStake(o1), "node key");
        eq(slot(address(bonding), 14), 14, "treasury ceiling");
        eq(mapped(address(bonding), d1, 3, 0), bonded(d1), "delegator: bonded");
        eq(mapped(address(bonding), o1, 3, 3), bonding.transcoderTotalStake(o1), "delegator: delegated");
        eq(mapped(address(bonding), d1, 3, 6), 1, "delegator: next lock id");
        eq(mapped(address(bonding), o1, 4, 0), round(), "transcoder: last reward");
        eq(mapped(address(bonding), o1, 4, 1), 100000, "transcoder: cut");
        eq(mapped(address(bonding), o1, 4, 6), type(uint256).max, "transcoder: deactivation");
        eq(mapped(address(bonding), o1, 4, 10), round(), "transcoder: last fees");
        eq(slot(address(clock), 2), ROUND, "round length");
        eq(slot(address(clock), 3), 100000, "lock amount");
        eq(slot(address(clock), 4), round(), "last initialized");
        eq(slot(address(broker), 4), 2, "unlock period");
        eq(slot(address(broker), 6), 2, "validity");
        eq(mapped(address(broker), sender, 2, 0), 5 ether, "reserve funds");
        eq(mapped(address(broker), sender, 3, 0), 9 ether, "deposit");
        ok(mapped(address(registry), o1, 2, 0) != 0, "uri");
    }

    function slot(address where, uint256 index) private view returns (uint256) {
        return uint256(vm.load(where, bytes32(index)));
    }

    function mapped(
        address where,
        address key,
        uint256 index,
        uint256 offset
    ) private view returns (uint256) {
        return slot(where, uint256(keccak256(abi.encode(key, index))) + offset);
    }

    function fingerprint(address sender) private view returns (bytes32) {
        (uint256 amount, uint256 due) = bonding.getDelegatorUnbondingLock(d1, 0);
        return
            keccak256(
                abi.encode(
                    stakeOf(o1),
                    stakeOf(d1),
                    fees(o1),
                    fees(d1),
                    amount,
                    due,
                    broker.getReserveInfo(sender),
                    round(),
                    clock.blockHashForRound(round()),
                    registry.getServiceURI(o1),
                    address(minter).balance,
                    token.balanceOf(address(minter))
                )
            );
    }

    function test_C24_minterMigrationKeepsSums() public {
        orchestrator(o1, 100 * LPT, 0, 0);
        fund(vm.addr(KEY), 10 ether, 5 ether);
        uint256 lpt = token.balanceOf(address(minter));
        Minter next = new Minter(address(controller), minter.inflation(), 500, 500000000);

        refuses("new Minter cannot be current Minter");
        minter.migrateToNewMinter(minter);
        refuses("new Minter cannot be null address");
        minter.migrateToNewMinter(IMinter(address(0)));
        Minter foreign = new Minter(address(new Controller()), 1, 1, 1);
        refuses("new Minter Controller must be current Controller");
        minter.migrateToNewMinter(foreign);
        refuses("new Minter must be registered");
        next.migrateToNewMinter(minter);

        controller.pause();
        minter.migrateToNewMinter(next);
        put("Minter", address(next));
        token.grantRole(keccak256("MINTER_ROLE"), address(next));
        token.grantRole(keccak256("BURNER_ROLE"), address(next));
        token.revokeRole(keccak256("MINTER_ROLE"), address(minter));
        token.revokeRole(keccak256("BURNER_ROLE"), address(minter));
        controller.unpause();
        eq(token.balanceOf(address(next)), lpt, "all LPT");
        eq(address(next).balance, 15 ether, "all ETH");
        eq(token.balanceOf(address(minter)) + address(minter).balance, 0, "nothing left");
        nextRound();
        reward(o1);
        ok(bonding.transcoderTotalStake(o1) > 100 * LPT, "the new one mints");
    }

    function test_C24_legacyDepositMovesOnce() public {
        address user = address(0x0501);
        vm.prank(user);
        refuses("no legacy deposit");
        broker.migrateLegacyDeposit();

        Legacy legacy = new Legacy();
        put("LegacyJobsManager", address(legacy));
        vm.prank(user);
        refuses("no legacy deposit");
        broker.migrateLegacyDeposit();
        legacy.set(user, 3 ether, 77);
        vm.prank(user);
        refuses("legacy withdrawal in progress");
        broker.migrateLegacyDeposit();
        legacy.set(user, 3 ether, 0);
        vm.deal(address(minter), 3 ether);
        vm.startPrank(user);
        broker.migrateLegacyDeposit();
        (TicketBroker.Sender memory s, ) = broker.getSenderInfo(user);
        eq(s.deposit, 3 ether, "in the new books");
        eq(address(minter).balance, 3 ether, "no ETH moved");
        refuses("already migrated");
        broker.migrateLegacyDeposit();
        vm.stopPrank();
    }

    function test_C24_controllerGuardsAreSilent() public {
        vm.startPrank(address(1));
        silent(abi.encodeCall(controller.setContractInfo, (bytes32(0), address(1), bytes20(0))));
        silent(abi.encodeCall(controller.updateController, (bytes32(0), address(1))));
        silent(abi.encodeCall(controller.pause, ()));
        silent(abi.encodeCall(controller.unpause, ()));
        silent(abi.encodeCall(controller.transferOwnership, (address(1))));
        vm.stopPrank();
        silent(abi.encodeCall(controller.unpause, ()));
        silent(abi.encodeCall(controller.transferOwnership, (address(0))));
        controller.pause();
        silent(abi.encodeCall(controller.pause, ()));
        controller.setContractInfo(keccak256("X"), address(9), bytes20(uint160(7)));
        (address where, bytes20 commit) = controller.getContractInfo(keccak256("X"));
        ok(where == address(9) && commit == bytes20(uint160(7)), "overwrites");
        eq(controller.getContract(keccak256("absent")), address(0), "zero when absent");
        controller.transferOwnership(address(5));
        eq(controller.owner(), address(5), "handed over");
    }

    function silent(bytes memory data) private {
        (bool done, bytes memory answer) = address(controller).call(data);
        ok(!done && answer.length == 0, "refused with empty data");
    }

    function test_C24_tokenRolesAndFaucet() public {
        vm.prank(o1);
        (bool done, bytes memory data) = address(token).call(abi.encodeCall(token.mint, (o1, 1)));
        ok(!done, "role is needed");
        eq(
            keccak256(data),
            keccak256(
                abi.encodeWithSignature(
                    "Error(string)",
                    "AccessControl: account 0x0000000000000000000000000000000000000101 is missing role "
                    "0x9f2df0fed2c77648de5860a4cc508cd0818c85b8b8a1ab4ceeef8d981c8956a6"
                )
            ),
            "the library's sentence"
        );
        token.grantRole(keccak256("BURNER_ROLE"), address(this));
        uint256 supply = token.totalSupply();
        token.burn(5);
        give(o1, 10);
        vm.prank(o1);
        token.approve(address(this), 4);
        token.burnFrom(o1, 4);
        eq(token.totalSupply(), supply - 9, "burned");

        LivepeerTokenFaucet faucet = new LivepeerTokenFaucet(address(token), 10, 1);
        token.transfer(address(faucet), 100);
        vm.warp(1_000_000);
        vm.startPrank(address(0x0502));
        faucet.request();
        eq(token.balanceOf(address(0x0502)), 10, "given");
        eq(faucet.nextValidRequest(address(0x0502)), 1_000_000 + 3600, "in an hour");
        refuses("must wait before next request");
        faucet.request();
        vm.warp(1_003_600);
        faucet.request();
        vm.stopPrank();
    }

    function test_C24_minterConstructorAndSupplyElsewhere() public {
        refuses("_inflation is invalid percentage");
        new Minter(address(controller), 1e9 + 1, 0, 0);
        refuses("_inflationChange is invalid percentage");
        new Minter(address(controller), 0, 1e9 + 1, 0);
        refuses("_targetBondingRate is invalid percentage");
        new Minter(address(controller), 0, 0, 1e9 + 1);
        put("L2LPTDataCache", address(new SupplyCache()));
        eq(minter.getGlobalTotalSupply(), token.totalSupply(), "nothing elsewhere");
        eq(minter.getController(), address(controller), "controller");
    }
}
